{{/* What both webhook configurations have in common, of a dict with root and path. The caBundle is left out where somebody else writes it:
what is not in a manifest stays as it is when Helm applies the manifest again. */}}
{{- define "moorage.webhookClient" -}}
{{- $root := .root -}}
clientConfig:
  service:
    name: {{ include "moorage.fullname" $root }}
    namespace: {{ $root.Release.Namespace }}
    path: {{ .path }}
    port: 443
  {{- if and (eq $root.Values.tls.mode "secret") $root.Values.tls.secret.caBundle }}
  caBundle: {{ $root.Values.tls.secret.caBundle | b64enc }}
  {{- end }}
failurePolicy: {{ $root.Values.webhook.failurePolicy }}
timeoutSeconds: {{ $root.Values.webhook.timeoutSeconds }}
matchPolicy: Equivalent
sideEffects: None
admissionReviewVersions: [v1]
namespaceSelector:
  {{- with $root.Values.webhook.namespaceSelector.matchLabels }}
  matchLabels:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  matchExpressions:
  # So that the cluster, and moorage itself, can always be repaired.
  - key: kubernetes.io/metadata.name
    operator: NotIn
    values:
      {{- list "kube-system" $root.Release.Namespace | uniq | sortAlpha | toYaml | nindent 6 }}
  - key: moorage.dev/exclude
    operator: DoesNotExist
  {{- with $root.Values.webhook.namespaceSelector.matchExpressions }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with $root.Values.webhook.objectSelector }}
objectSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
matchConditions:
# An update that leaves the spec as it is concerns no rule, such as that of an object which is being deleted.
- name: spec-changed
{{- if eq .path "/validate" }}
  # But one by which a user that is not a scheduler or provisioner writes a claim's selected node does.
  expression: >-
    request.operation != "UPDATE" || !has(object.spec) || !has(oldObject.spec) || object.spec != oldObject.spec
    {{ include "moorage.selectedNodeWritten" $root }}
{{- else }}
  expression: 'request.operation != "UPDATE" || !has(object.spec) || !has(oldObject.spec) || object.spec != oldObject.spec'
{{- end }}
{{- with $root.Values.webhook.matchConditions }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "moorage.selectedNodeWritten" -}}
{{- $key := "\"volume.kubernetes.io/selected-node\"" -}}
{{- $users := list "system:kube-controller-manager" "system:kube-scheduler" -}}
{{- range (include "moorage.configuration" . | fromYaml).webhook.selectedNodeWriters }}{{ $users = append $users . }}{{ end -}}
{{- $quoted := list -}}
{{- range $users | sortAlpha | uniq }}{{ $quoted = append $quoted (quote .) }}{{ end -}}
|| (request.resource.resource == "persistentvolumeclaims" && has(object.metadata.annotations) && {{ $key }} in object.metadata.annotations
{{- " " }}&& (!has(oldObject.metadata.annotations) || !({{ $key }} in oldObject.metadata.annotations)
{{- " " }}|| oldObject.metadata.annotations[{{ $key }}] != object.metadata.annotations[{{ $key }}])
{{- " " }}&& !request.userInfo.username.startsWith("system:serviceaccount:kube-system:")
{{- " " }}&& !(request.userInfo.username in [{{ join ", " $quoted }}]))
{{- end -}}

{{- define "moorage.webhookAnnotations" -}}
{{- $annotations := deepCopy (.Values.webhook.annotations | default dict) -}}
{{- if eq .Values.tls.mode "certManager" -}}
{{- $_ := set $annotations "cert-manager.io/inject-ca-from" (printf "%s/%s-webhook" .Release.Namespace (include "moorage.fullname" .)) -}}
{{- end -}}
{{- with $annotations }}{{ toYaml . }}{{ end -}}
{{- end -}}
