{{/* Of every object. The name is the same whatever objects are called: moorage knows its own pods by it. */}}
{{- define "moorage.labels" -}}
app.kubernetes.io/name: moorage
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- include "moorage.refuseOwnLabels" (dict "labels" .Values.commonLabels "value" "commonLabels") }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Labels by which the chart's own objects find each other, or Helm finds them, are nobody else's to set: of a dict with labels and the value that
they come from. */}}
{{- define "moorage.refuseOwnLabels" -}}
{{- range $own := list "app.kubernetes.io/name" "app.kubernetes.io/instance" "app.kubernetes.io/component" "app.kubernetes.io/version" "app.kubernetes.io/managed-by" "helm.sh/chart" -}}
{{- if hasKey ($.labels | default dict) $own -}}
{{- fail (printf "%s: the label %s is the chart's own, by which pods are selected or Helm knows its objects; choose another key" $.value $own) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Those of an object that has others besides, of a dict with root and labels. Where both have a key, the others win. */}}
{{- define "moorage.labelsWith" -}}
{{- $labels := include "moorage.labels" .root | fromYaml -}}
{{- range $key, $value := .labels }}{{ $_ := set $labels $key $value }}{{ end -}}
{{- toYaml $labels -}}
{{- end -}}

{{/* Of a pod that serves, of a dict with root and component. */}}
{{- define "moorage.podLabels" -}}
{{- $more := .root.Values.podLabels | default dict -}}
{{- include "moorage.refuseOwnLabels" (dict "labels" $more "value" "podLabels") -}}
{{- include "moorage.labelsWith" (dict "root" .root "labels" (merge (dict "app.kubernetes.io/component" .component) $more)) -}}
{{- end -}}

{{/* What selects the pods that serve the webhook. It never changes, as a Deployment's selector cannot. */}}
{{- define "moorage.selectorLabels" -}}
app.kubernetes.io/name: moorage
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: server
{{- end -}}

{{/* What selects the pods of the dedicated scheduler: none of those above, whatever else they have in common. */}}
{{- define "moorage.schedulerSelectorLabels" -}}
app.kubernetes.io/name: moorage
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: scheduler
{{- end -}}
