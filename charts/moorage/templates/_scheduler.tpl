{{/* How many pods of the dedicated scheduler there are. */}}
{{- define "moorage.schedulerReplicas" -}}
{{- if kindIs "invalid" .Values.scheduler.replicas -}}
{{- .Values.replicas -}}
{{- else -}}
{{- .Values.scheduler.replicas -}}
{{- end -}}
{{- end -}}

{{/* The profiles of the dedicated scheduler. PoolFit scores in place of VolumeBinding: docs/scheduling.md says why. */}}
{{- define "moorage.schedulerProfiles" -}}
{{- $s := .Values.scheduler -}}
{{- $profile := dict "schedulerName" $s.name "plugins" (dict "score" (dict "disabled" (list (dict "name" "VolumeBinding")))) -}}
{{- if and $s.pluginConfig $s.profiles -}}
{{- fail "scheduler.pluginConfig: it is for the one profile that there is without scheduler.profiles; give each of these a pluginConfig of its own" -}}
{{- end -}}
{{- with $s.pluginConfig }}{{ $_ := set $profile "pluginConfig" . }}{{ end -}}
{{- default (list $profile) $s.profiles | toYaml -}}
{{- end -}}

{{/* Where kube-scheduler finds the extender in its own pod. */}}
{{- define "moorage.loopbackExtender" -}}
127.0.0.1:10261
{{- end -}}

{{/* The KubeSchedulerConfiguration of the dedicated scheduler. */}}
{{- define "moorage.schedulerConfiguration" -}}
{{- $s := .Values.scheduler -}}
{{- $profiles := include "moorage.schedulerProfiles" . | fromYamlArray -}}
{{- $names := list -}}
{{- range $profiles }}{{ $names = append $names .schedulerName }}{{ end -}}
{{- if not (has $s.name $names) -}}
{{- fail (printf "scheduler.profiles: none has the schedulerName %s, which scheduler.name sends pods to" $s.name) -}}
{{- end -}}
{{- if has "default-scheduler" $names -}}
{{- fail "scheduler.profiles: default-scheduler is the name of the cluster's own scheduler; two that schedule the same pods get in each other's way" -}}
{{- end -}}
{{- if (.Values.config.webhook | default dict).volumesResource -}}
{{- range $profiles }}{{ range .pluginConfig }}
{{- if and (eq .name "NodeResourcesFit") (.args | default dict).ignoredResources -}}
{{- fail "scheduler: kube-scheduler replaces the ignoredResources of NodeResourcesFit by config.webhook.volumesResource; leave one of them out" -}}
{{- end -}}
{{- end }}{{ end -}}
{{- end -}}
{{- $configuration := omit ($s.configuration | default dict) "extenders" -}}
{{- if gt (default 1 $configuration.podInitialBackoffSeconds | int) (default 10 $configuration.podMaxBackoffSeconds | int) -}}
{{- fail "scheduler.configuration.podMaxBackoffSeconds: it is 10 if nothing is said, and cannot be less than podInitialBackoffSeconds" -}}
{{- end -}}
apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
{{- with $configuration }}
{{ toYaml . }}
{{- end }}
leaderElection:
  leaderElect: true
  resourceNamespace: {{ .Release.Namespace }}
  resourceName: {{ $s.name }}
  leaseDuration: {{ $s.leaderElection.leaseDuration }}
  renewDeadline: {{ $s.leaderElection.renewDeadline }}
  retryPeriod: {{ $s.leaderElection.retryPeriod }}
clientConnection:
  qps: {{ $s.clientConnection.qps }}
  burst: {{ $s.clientConnection.burst }}
{{- with $s.percentageOfNodesToScore }}
percentageOfNodesToScore: {{ . }}
{{- end }}
profiles:
{{ toYaml $profiles }}
extenders:
- urlPrefix: http://{{ include "moorage.loopbackExtender" . }}
{{- include "moorage.extenderBehaviour" . | nindent 2 }}
{{- with ($s.configuration | default dict).extenders }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* "true" where the extender is reached through a Service, and "true" where it is reached on the control plane's loopback. */}}
{{- define "moorage.extenderOverService" -}}
{{- and (eq .Values.scheduler.mode "existing") (eq .Values.scheduler.existing.via "Service") -}}
{{- end -}}

{{- define "moorage.extenderOnControlPlane" -}}
{{- and (eq .Values.scheduler.mode "existing") (eq .Values.scheduler.existing.via "DaemonSet") -}}
{{- end -}}

{{/* How kube-scheduler uses the extender, wherever it is: docs/kube-scheduler-configuration.yaml says why. */}}
{{- define "moorage.extenderBehaviour" -}}
{{- $s := .Values.scheduler -}}
filterVerb: filter
prioritizeVerb: prioritize
preemptVerb: preempt
weight: {{ $s.extender.weight }}
nodeCacheCapable: true
ignorable: true
httpTimeout: {{ $s.extender.httpTimeout }}
{{- with (.Values.config.webhook | default dict).volumesResource }}
managedResources:
- name: {{ . }}
  ignoredByScheduler: true
{{- end }}
{{- end -}}

{{/* What the configuration of the cluster's own kube-scheduler has to say. */}}
{{- define "moorage.existingSchedulerConfiguration" -}}
{{- with .Values.scheduler.percentageOfNodesToScore -}}
percentageOfNodesToScore: {{ . }}
{{ end -}}
extenders:
{{- if eq (include "moorage.extenderOverService" .) "true" }}
{{- $service := .Values.scheduler.existing.service }}
- urlPrefix: https://{{ default "CLUSTER-IP" $service.clusterIP }}:{{ $service.port }}
  enableHTTPS: true
  tlsConfig:
    serverName: {{ include "moorage.fullname" . }}-extender.{{ .Release.Namespace }}.svc
    caFile: /etc/kubernetes/moorage/ca.crt
    {{- if $service.verifyClients }}
    certFile: /etc/kubernetes/moorage/tls.crt
    keyFile: /etc/kubernetes/moorage/tls.key
    {{- end }}
{{- else }}
- urlPrefix: http://127.0.0.1:{{ .Values.scheduler.existing.daemonSet.port }}
{{- end }}
{{- include "moorage.extenderBehaviour" . | nindent 2 }}
{{- end -}}
