{{/* An image's name of a dict with repository, tag and digest. A digest wins over the tag. */}}
{{- define "moorage.imageName" -}}
{{- if .digest -}}
{{- printf "%s@%s" .repository .digest -}}
{{- else -}}
{{- printf "%s:%s" .repository .tag -}}
{{- end -}}
{{- end -}}

{{- define "moorage.image" -}}
{{- $image := .Values.image -}}
{{- include "moorage.imageName" (dict "repository" $image.repository "digest" $image.digest "tag" (default .Chart.AppVersion $image.tag)) -}}
{{- end -}}

{{/* kube-scheduler of the cluster's own version, unless the values name another. */}}
{{- define "moorage.schedulerImage" -}}
{{- $image := .Values.scheduler.image -}}
{{- $tag := $image.tag -}}
{{- if not (or $tag $image.digest) }}{{ $tag = include "moorage.kubernetesTag" . }}{{ end -}}
{{- include "moorage.imageName" (dict "repository" $image.repository "digest" $image.digest "tag" $tag) -}}
{{- end -}}
