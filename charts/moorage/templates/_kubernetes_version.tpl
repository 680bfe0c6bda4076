{{/* The cluster's version in the form v1.34.2 or v1.34, with a pre-release suffix (v1.37.0-rc.1) and without what distributions
append (v1.33.4+k3s1, v1.33.5-gke.1162000). Rendering without a cluster may pass two numbers (1.34, v1.34, 1.34+). */}}
{{- define "moorage.kubernetesVersion" -}}
{{- printf "v%s" (regexFind "[0-9]+\\.[0-9]+(\\.[0-9]+(-(alpha|beta|rc)\\.[0-9]+)?)?" .Capabilities.KubeVersion.Version) -}}
{{- end -}}

{{/* The tag of kube-scheduler's image for the cluster's version. Two numbers stand for the last patch of files/kubernetes-patches.yaml: a
patch that is newer than the API server's is as good. */}}
{{- define "moorage.kubernetesTag" -}}
{{- $version := include "moorage.kubernetesVersion" . -}}
{{- if regexMatch "^v[0-9]+\\.[0-9]+\\.[0-9]+" $version -}}
{{- $version -}}
{{- else -}}
{{- $patch := get (.Files.Get "files/kubernetes-patches.yaml" | fromYaml) $version -}}
{{- if not $patch -}}
{{- fail (printf "the cluster's version is given as %s, and which patch of it kube-scheduler is to have is not known: give all three numbers, such as --kube-version %s.0, or set scheduler.image.tag" .Capabilities.KubeVersion.Version (trimPrefix "v" $version)) -}}
{{- end -}}
{{- $patch -}}
{{- end -}}
{{- end -}}

{{/* Where kube-scheduler says that it is ready: /readyz from 1.31 on. It goes by the image where its tag tells a version. */}}
{{- define "moorage.schedulerReadyPath" -}}
{{- $image := .Values.scheduler.image -}}
{{- $tagged := "" -}}
{{- if not $image.digest }}{{ $tagged = regexFind "^v?[0-9]+\\.[0-9]+" $image.tag }}{{ end -}}
{{- ternary "/readyz" "/healthz" (semverCompare ">=1.31-0" (default (include "moorage.kubernetesVersion" .) $tagged)) -}}
{{- end -}}
