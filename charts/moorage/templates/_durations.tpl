{{/* A duration such as 1m30s in milliseconds. */}}
{{- define "moorage.milliseconds" -}}
{{- $unit := dict "h" 3600000.0 "m" 60000.0 "s" 1000.0 "ms" 1.0 "us" 0.001 "µs" 0.001 "ns" 0.000001 -}}
{{- $sum := 0.0 -}}
{{- range regexFindAll "[0-9.]+[a-zµ]+" (toString .) -1 -}}
{{- $number := regexFind "^[0-9.]+" . -}}
{{- $sum = addf $sum (mulf (float64 $number) (get $unit (trimPrefix $number .))) -}}
{{- end -}}
{{- $sum -}}
{{- end -}}

{{/* One duration has to be longer than another: of a dict with long and short, durations, and longName and shortName, their values. */}}
{{- define "moorage.checkLonger" -}}
{{- if le (include "moorage.milliseconds" .long | float64) (include "moorage.milliseconds" .short | float64) -}}
{{- fail (printf "%s: %s is not longer than %s, %s" .longName .long .shortName .short) -}}
{{- end -}}
{{- end -}}

{{/* Durations that have to agree. What reads them would refuse them only in the pod, or in the cluster. */}}
{{- define "moorage.checkDurations" -}}
{{- if eq (include "moorage.milliseconds" .Values.scheduler.extender.httpTimeout | float64) 0.0 -}}
{{- fail "scheduler.extender.httpTimeout: with 0 kube-scheduler would wait for 5s, its own default; say how long" -}}
{{- end -}}
{{- if eq .Values.scheduler.mode "dedicated" -}}
{{- $e := .Values.scheduler.leaderElection -}}
{{- $at := "scheduler.leaderElection." -}}
{{- include "moorage.checkLonger" (dict "long" $e.leaseDuration "longName" (print $at "leaseDuration") "short" $e.renewDeadline "shortName" (print $at "renewDeadline")) -}}
{{- include "moorage.checkLonger" (dict "long" $e.renewDeadline "longName" (print $at "renewDeadline") "short" $e.retryPeriod "shortName" (print $at "retryPeriod")) -}}
{{- if le (include "moorage.milliseconds" $e.renewDeadline | float64) (mulf 1.2 (include "moorage.milliseconds" $e.retryPeriod | float64)) -}}
{{- fail (printf "scheduler.leaderElection.renewDeadline: %s is not longer than 1.2 times scheduler.leaderElection.retryPeriod, %s" $e.renewDeadline $e.retryPeriod) -}}
{{- end -}}
{{- if eq (include "moorage.milliseconds" $e.retryPeriod | float64) 0.0 -}}
{{- fail "scheduler.leaderElection.retryPeriod: it cannot be 0" -}}
{{- end -}}
{{- end -}}
{{- if eq .Values.tls.mode "certManager" -}}
{{- $c := .Values.tls.certManager -}}
{{- include "moorage.checkLonger" (dict "long" $c.duration "longName" "tls.certManager.duration" "short" $c.renewBefore "shortName" "tls.certManager.renewBefore") -}}
{{- end -}}
{{- end -}}
