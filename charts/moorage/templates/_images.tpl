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

{{/* kube-scheduler of the cluster's own version. What distributions append (v1.33.4+k3s1, v1.33.5-gke.1162000) is no part of the
image's tag; that of a version before its release (v1.37.0-rc.1) is. */}}
{{- define "moorage.schedulerImage" -}}
{{- $image := .Values.scheduler.image -}}
{{- $tag := regexFind "^v[0-9]+\\.[0-9]+\\.[0-9]+(-(alpha|beta|rc)\\.[0-9]+)?" .Capabilities.KubeVersion.Version -}}
{{- include "moorage.imageName" (dict "repository" $image.repository "digest" $image.digest "tag" (default $tag $image.tag)) -}}
{{- end -}}
