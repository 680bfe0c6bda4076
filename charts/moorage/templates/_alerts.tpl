{{/* An alert's expression that ends in '> 1', with half of a timeout in seconds in the place of 1: of a dict with the expression and the timeout, such
as 2, 500ms or 1m. Who takes fifty seconds is slow under any timeout, and no histogram tells more than its last bucket. */}}
{{- define "moorage.slowerThanHalf" -}}
{{- $timeout := toString .timeout -}}
{{- if regexMatch "^[0-9.]+$" $timeout }}{{ $timeout = print $timeout "s" }}{{ end -}}
{{- $half := divf (include "moorage.milliseconds" $timeout | float64) 2000 -}}
{{- if gt $half 50.0 }}{{ $half = 50.0 }}{{ end -}}
{{- regexReplaceAll "> 1$" (trim .expr) (printf "> %v" $half) -}}
{{- end -}}

{{/* An alert as the values want it: its labels and annotations, and how severe it is. Of a dict with root and alert. */}}
{{- define "moorage.alert" -}}
{{- $rule := .root.Values.prometheusRule -}}
{{- $alert := deepCopy .alert -}}
{{- $labels := $alert.labels -}}
{{- if and (eq $alert.alert "MoorageWebhookUnreachable") (eq .root.Values.webhook.failurePolicy "Fail") -}}
{{- $_ := set $labels "severity" "critical" -}}
{{- end -}}
{{- range $key, $value := $rule.additionalLabels }}{{ $_ := set $labels $key $value }}{{ end -}}
{{- with get ($rule.severities | default dict) $alert.alert }}{{ $_ := set $labels "severity" . }}{{ end -}}
{{- range $key, $value := $rule.additionalAnnotations }}{{ $_ := set $alert.annotations $key $value }}{{ end -}}
{{- toYaml $alert -}}
{{- end -}}
