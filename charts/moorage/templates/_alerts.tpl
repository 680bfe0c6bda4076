{{/* An alert's expression that ends in '> 1', with half of a timeout in the place of 1: of a dict with the expression and the timeout, such
as 2, 2s or 500ms. Another form of timeout leaves it as it is. */}}
{{- define "moorage.slowerThanHalf" -}}
{{- $timeout := toString .timeout -}}
{{- $expression := .expr | trim -}}
{{- if hasSuffix "ms" $timeout -}}
{{- regexReplaceAll "> 1$" $expression (printf "> %v" (divf (trimSuffix "ms" $timeout | float64) 2000)) -}}
{{- else if regexMatch "^[0-9.]+s?$" $timeout -}}
{{- regexReplaceAll "> 1$" $expression (printf "> %v" (divf (trimSuffix "s" $timeout | float64) 2)) -}}
{{- else -}}
{{- $expression -}}
{{- end -}}
{{- end -}}
