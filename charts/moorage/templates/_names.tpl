{{/* What objects are called. */}}

{{- define "moorage.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 50 | trimSuffix "-" -}}
{{- end -}}

{{/* At most 50 characters, as suffixes are added to it and names of Services have 63. */}}
{{- define "moorage.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" -}}
{{- else if contains (include "moorage.name" .) .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "moorage.name" .) | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "moorage.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "moorage.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{/* The Secret with the serving certificate of the webhook, where it is not of moorage's own authority. */}}
{{- define "moorage.webhookSecretName" -}}
{{- if eq .Values.tls.mode "secret" -}}
{{- required "tls.secret.name: name the Secret with the webhook's certificate, or choose another tls.mode" .Values.tls.secret.name -}}
{{- else -}}
{{- include "moorage.fullname" . }}-webhook-tls
{{- end -}}
{{- end -}}

{{/* The Secret with the serving certificate of the extender, and the authority that its clients have theirs of. */}}
{{- define "moorage.extenderSecretName" -}}
{{- $service := .Values.scheduler.existing.service -}}
{{- if $service.secretName -}}
{{- $service.secretName -}}
{{- else if eq .Values.tls.mode "certManager" -}}
{{- include "moorage.fullname" . }}-extender-tls
{{- else -}}
{{- fail "scheduler.existing.service.secretName: name a Secret with tls.crt, tls.key and the ca.crt of clients; or choose tls.mode certManager, which makes one, or scheduler.existing.via DaemonSet, which needs none" -}}
{{- end -}}
{{- end -}}

{{- define "moorage.extenderServiceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- include "moorage.serviceAccountName" . }}-extender
{{- else -}}
{{- include "moorage.serviceAccountName" . }}
{{- end -}}
{{- end -}}

{{- define "moorage.schedulerServiceAccountName" -}}
{{- if .Values.serviceAccount.schedulerName -}}
{{- .Values.serviceAccount.schedulerName -}}
{{- else if .Values.serviceAccount.create -}}
{{- include "moorage.serviceAccountName" . }}-scheduler
{{- else -}}
{{- include "moorage.serviceAccountName" . }}
{{- end -}}
{{- end -}}
