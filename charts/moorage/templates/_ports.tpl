{{/* Ports that cannot be had together are refused, in words: those of one pod, and on a node's network those of the node. */}}
{{- define "moorage.checkPorts" -}}
{{- $existing := .Values.scheduler.existing -}}
{{- $server := dict "webhook.port" .Values.webhook.port "metrics.port" .Values.metrics.port -}}
{{- if eq (include "moorage.extenderOverService" .) "true" -}}
{{- $_ := set $server "scheduler.existing.service.port" $existing.service.port -}}
{{- end -}}
{{- $onControlPlane := dict -}}
{{- if eq (include "moorage.extenderOnControlPlane" .) "true" -}}
{{- $onControlPlane = dict "scheduler.existing.daemonSet.port" $existing.daemonSet.port "scheduler.existing.daemonSet.metricsPort" $existing.daemonSet.metricsPort -}}
{{- end -}}
{{- if .Values.hostNetwork -}}
{{- include "moorage.portsApart" (dict "ports" (merge (deepCopy $server) $onControlPlane) "where" "on a node's network") -}}
{{- include "moorage.portsOfNodes" $server -}}
{{- else -}}
{{- include "moorage.portsApart" (dict "ports" $server "where" "in the webhook's pods") -}}
{{- include "moorage.portsApart" (dict "ports" $onControlPlane "where" "on the nodes of the control plane") -}}
{{- end -}}
{{- include "moorage.portsOfNodes" $onControlPlane -}}
{{- if eq .Values.scheduler.mode "dedicated" -}}
{{- $loopback := splitList ":" (include "moorage.loopbackExtender" .) | last -}}
{{- include "moorage.portsApart" (dict "where" "in the scheduler's pods" "ports" (dict
  "metrics.port" .Values.metrics.port "scheduler.securePort" .Values.scheduler.securePort "the extender's, which is fixed" $loopback)) -}}
{{- end -}}
{{- end -}}

{{- define "moorage.portsApart" -}}
{{- $taken := dict -}}
{{- range $name := keys .ports | sortAlpha -}}
{{- $port := get $.ports $name | toString -}}
{{- if hasKey $taken $port -}}
{{- fail (printf "%s, %s: both are port %s %s; choose another for one of them" (get $taken $port) $name $port $.where) -}}
{{- end -}}
{{- $_ := set $taken $port $name -}}
{{- end -}}
{{- end -}}

{{/* Ports that programs of Kubernetes have on every node, or on those of the control plane: of a dict from values to ports. */}}
{{- define "moorage.portsOfNodes" -}}
{{- $whose := dict "10250" "the kubelet's" "10248" "the kubelet's" "10255" "the kubelet's" "10249" "kube-proxy's" "10256" "kube-proxy's"
  "10257" "kube-controller-manager's" "10259" "kube-scheduler's" "6443" "the API server's" "2379" "etcd's" "2380" "etcd's" "2381" "etcd's" -}}
{{- range $name := keys . | sortAlpha -}}
{{- $port := get $ $name | toString -}}
{{- if hasKey $whose $port -}}
{{- fail (printf "%s: on a node's network the port %s is %s; choose another, such as 9443" $name $port (get $whose $port)) -}}
{{- end -}}
{{- end -}}
{{- end -}}
