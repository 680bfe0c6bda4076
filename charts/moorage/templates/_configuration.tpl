{{/* The MoorageConfiguration: what the chart has to say, over what values.yaml says in config. */}}
{{- define "moorage.configuration" -}}
{{- $name := include "moorage.fullname" . -}}
{{- $given := .Values.config.webhook | default dict -}}
{{- if and $given.authority (ne .Values.tls.mode "self") -}}
{{- fail (printf "config.webhook.authority: there is none with tls.mode %s" .Values.tls.mode) -}}
{{- end -}}
{{- if eq .Values.scheduler.mode "dedicated" -}}
{{- range tuple "name" "lease" -}}
{{- if hasKey ($given.schedulerName | default dict) . -}}
{{- fail (printf "config.webhook.schedulerName.%s: with scheduler.mode dedicated it follows from scheduler.name" .) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if $given.volumesResource -}}
{{- if eq (toString (index ($given.defaults | default dict) "volumes-resource")) "false" -}}
{{- fail "config.webhook.defaults.volumes-resource: it is off, so that no pod would ask for config.webhook.volumesResource, and kube-scheduler would ask moorage about none; leave one of them out" -}}
{{- end -}}
{{- else if $given.volumesResourceSchedulers -}}
{{- fail "config.webhook.volumesResourceSchedulers: it is for config.webhook.volumesResource, which is missing" -}}
{{- end -}}
{{- if and $given.volumesResourceSchedulers (eq .Values.scheduler.mode "dedicated") -}}
{{- fail "config.webhook.volumesResourceSchedulers: with scheduler.mode dedicated it follows from scheduler.name and scheduler.profiles, the only ones that this chart tells to ignore the resource" -}}
{{- end -}}
{{- $webhook := dict "bindAddress" (printf ":%v" .Values.webhook.port) -}}
{{- if eq .Values.tls.mode "self" -}}
{{- $_ := set $webhook "authority" (dict
  "namespace" .Release.Namespace "secret" (printf "%s-ca" $name)
  "validatingWebhookConfiguration" $name "mutatingWebhookConfiguration" $name
  "names" (list (printf "%s.%s.svc" $name .Release.Namespace))) -}}
{{- else -}}
{{- $_ := set $webhook "certFile" "/etc/moorage-webhook-tls/tls.crt" -}}
{{- $_ := set $webhook "keyFile" "/etc/moorage-webhook-tls/tls.key" -}}
{{- end -}}
{{- if .Values.webhook.clientCA.configMap -}}
{{- $_ := set $webhook "clientCAFile" (printf "/etc/moorage-webhook-clients/%s" .Values.webhook.clientCA.key) -}}
{{- end -}}
{{- $extender := dict "bindAddress" "0" -}}
{{- if $given.volumesResource -}}
{{- $ignoring := default (list "default-scheduler") $given.volumesResourceSchedulers -}}
{{- if eq .Values.scheduler.mode "dedicated" -}}
{{- $ignoring = list -}}
{{- range include "moorage.schedulerProfiles" . | fromYamlArray }}{{ $ignoring = append $ignoring .schedulerName }}{{ end -}}
{{- end -}}
{{- $_ := set $webhook "volumesResourceSchedulers" $ignoring -}}
{{- end -}}
{{- if eq .Values.scheduler.mode "dedicated" -}}
{{- $account := printf "system:serviceaccount:%s:%s" .Release.Namespace (include "moorage.schedulerServiceAccountName" .) -}}
{{- $_ := set $webhook "selectedNodeWriters" (append ($given.selectedNodeWriters | default list) $account | uniq) -}}
{{- $_ := set $webhook "schedulerName" (dict
  "name" .Values.scheduler.name "lease" (dict "namespace" .Release.Namespace "name" .Values.scheduler.name)) -}}
{{- end -}}
{{- if eq (include "moorage.extenderOverService" .) "true" -}}
{{- $_ := set $extender "bindAddress" (printf ":%v" .Values.scheduler.existing.service.port) -}}
{{- $_ := set $extender "certFile" "/etc/moorage-extender-tls/tls.crt" -}}
{{- $_ := set $extender "keyFile" "/etc/moorage-extender-tls/tls.key" -}}
{{- if .Values.scheduler.existing.service.verifyClients -}}
{{- $_ := set $extender "clientCAFile" "/etc/moorage-extender-tls/ca.crt" -}}
{{- end -}}
{{- end -}}
{{- $wiring := dict "apiVersion" "moorage.dev/v1alpha1" "kind" "MoorageConfiguration"
  "webhook" $webhook "extender" $extender "metrics" (dict "bindAddress" (printf ":%v" .Values.metrics.port)) -}}
{{- $autoscaler := dict -}}
{{- if .Values.autoscaler.events }}{{ $_ := set $autoscaler "events" true }}{{ end -}}
{{- with .Values.autoscaler.templateCapacity -}}
{{- if .enabled -}}
{{- $_ := set $autoscaler "templateCapacity" (dict "namespace" $.Release.Namespace "lease" (printf "%s-template-capacity" $name)) -}}
{{- if .nodeGroupLabels }}{{ $_ := set $autoscaler.templateCapacity "nodeGroupLabels" .nodeGroupLabels }}{{ end -}}
{{- end -}}
{{- end -}}
{{- if $autoscaler }}{{ $_ := set $wiring "autoscaler" $autoscaler }}{{ end -}}
{{- mergeOverwrite (deepCopy .Values.config) $wiring | toYaml -}}
{{- end -}}

{{/* Not empty where the MoorageConfiguration selects namespaces by more than their names, which moorage knows without reading them. */}}
{{- define "moorage.readsNamespaces" -}}
{{- $webhook := (include "moorage.configuration" . | fromYaml).webhook -}}
{{- $selectors := list -}}
{{- with $webhook.schedulerName -}}
{{- $selectors = append $selectors (default (dict "matchLabels" (dict "moorage.dev/scheduler" "enabled")) .namespaceSelector) -}}
{{- end -}}
{{- range $webhook.namespaceRules }}{{ $selectors = append $selectors .namespaceSelector }}{{ end -}}
{{- range $selectors -}}
{{- $keys := keys (default dict .matchLabels) -}}
{{- range .matchExpressions }}{{ $keys = append $keys .key }}{{ end -}}
{{- if ne (uniq $keys | join " ") "kubernetes.io/metadata.name" }}true{{ end -}}
{{- end -}}
{{- end -}}
