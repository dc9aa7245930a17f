{{- define "frontdesk.name" -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{- define "frontdesk.image" -}}
{{- printf "%s:%s" .Values.image.repository (.Values.image.tag | default .Chart.AppVersion) -}}
{{- end -}}

{{- define "frontdesk.serviceAccount" -}}
{{- .Values.serviceAccount.name | default (include "frontdesk.name" .) -}}
{{- end -}}

{{- /* What selects all pods of a release, and never changes. */ -}}
{{- define "frontdesk.selector" -}}
app.kubernetes.io/name: frontdesk
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "frontdesk.labels" -}}
{{ include "frontdesk.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- /* The settings: addresses and the key from the secret, the rest as the values have it. */ -}}
{{- define "frontdesk.env" -}}
{{- range $name := list "FRONTDESK_DATABASE_URL" "FRONTDESK_AMQP_URL" "FRONTDESK_REDIS_URL" "FRONTDESK_BLOBS_URL" "FRONTDESK_SECRET_KEY" }}
- name: {{ $name }}
  valueFrom:
    secretKeyRef:
      name: {{ $.Values.existingSecret }}
      key: {{ $name }}
{{- end }}
{{- range $name, $value := .Values.settings }}
- name: FRONTDESK_{{ upper $name }}
  value: {{ $value | quote }}
{{- end }}
{{- end -}}

{{- define "frontdesk.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "frontdesk.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}
