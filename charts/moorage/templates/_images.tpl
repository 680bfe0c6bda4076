{{/* An image's name of a dict with root, repository, tag and digest. A digest wins over the tag. Inside of a chart that has a registry for all its
images, the repository is looked for there. */}}
{{- define "moorage.imageName" -}}
{{- $repository := .repository -}}
{{- with (.root.Values.global | default dict).imageRegistry -}}
{{- $repository = printf "%s/%s" (trimSuffix "/" .) (regexReplaceAll "^[^/]*[.:][^/]*/" $repository "") -}}
{{- end -}}
{{- if .digest -}}
{{- printf "%s@%s" $repository .digest -}}
{{- else -}}
{{- printf "%s:%s" $repository .tag -}}
{{- end -}}
{{- end -}}

{{- define "moorage.image" -}}
{{- $image := .Values.image -}}
{{- include "moorage.imageName" (dict "root" . "repository" $image.repository "digest" $image.digest "tag" (default .Chart.AppVersion $image.tag)) -}}
{{- end -}}

{{/* kube-scheduler of the cluster's own version, unless the values name another. */}}
{{- define "moorage.schedulerImage" -}}
{{- $image := .Values.scheduler.image -}}
{{- $tag := $image.tag -}}
{{- if not (or $tag $image.digest) }}{{ $tag = include "moorage.kubernetesTag" . }}{{ end -}}
{{- include "moorage.imageName" (dict "root" . "repository" $image.repository "digest" $image.digest "tag" $tag) -}}
{{- end -}}
