{{/* Names, labels and what all pods have in common. */}}

{{- define "penstock.fullname" -}}
{{- if contains "penstock" .Release.Name -}}{{ .Release.Name | trunc 40 | trimSuffix "-" }}{{- else -}}{{ printf "%s-penstock" (.Release.Name | trunc 31 | trimSuffix "-") }}{{- end -}}
{{- end -}}

{{- define "penstock.modelsNamespace" -}}{{ .Values.models.namespace | default .Release.Namespace }}{{- end -}}

{{/* What names the pods of a component. (dict "root" $ "component" "router") */}}
{{- define "penstock.selector" -}}
app.kubernetes.io/part-of: penstock
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{/* Of pods: nothing that changes with a release, which would replace those that stay as they are. */}}
{{- define "penstock.podLabels" -}}
{{ include "penstock.selector" . }}
app.kubernetes.io/name: penstock
{{- end -}}

{{- define "penstock.labels" -}}
{{ include "penstock.podLabels" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end -}}

{{- define "penstock.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}{{ .repository }}@{{ .digest }}{{- else -}}{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}{{- end -}}
{{- end -}}
{{- end -}}

{{- define "penstock.credentials" -}}{{ .Values.credentials.existingSecret | default (printf "%s-credentials" (include "penstock.fullname" .)) }}{{- end -}}

{{/* One variable out of the secret of credentials. (dict "root" $ "name" "X" "key" "x") */}}
{{- define "penstock.secretVariable" -}}
- name: {{ .name }}
  valueFrom: {secretKeyRef: {name: {{ .secret | default (include "penstock.credentials" .root) }}, key: {{ .key }}}}
{{- end -}}

{{/* Further settings: a map, sorted by name. */}}
{{- define "penstock.settings" -}}
{{- range $name, $value := . }}
- {name: {{ $name }}, value: {{ $value | toString | quote }}}
{{- end -}}
{{- end -}}

{{/* `inference-logger` → `INFERENCE_LOGGER`. */}}
{{- define "penstock.prefix" -}}{{ . | upper | replace "-" "_" }}{{- end -}}

{{/* Where a service finds the bus, and where it answers how it is. (dict "root" $ "component" "router" "adminPort" 9103) */}}
{{- define "penstock.commonSettings" -}}
{{- $prefix := include "penstock.prefix" .component -}}
{{ include "penstock.secretVariable" (dict "root" .root "name" "NATS_PASSWORD" "key" (printf "nats-%s-password" .component)) }}
- {name: {{ $prefix }}_NATS_URL, value: "nats://{{ .component }}:$(NATS_PASSWORD)@{{ include "penstock.fullname" .root }}-nats:4222"}
- {name: {{ $prefix }}_ADMIN_HOST, value: "0.0.0.0"}
- {name: {{ $prefix }}_ADMIN_PORT, value: {{ .adminPort | quote }}}
- {name: PENSTOCK_HOME, value: /data}
{{- end -}}

{{- define "penstock.databaseHost" -}}{{ .Values.postgresql.host | default (printf "%s-postgresql" (include "penstock.fullname" .)) }}{{- end -}}

{{/* Variables that end in the URL of a component's database. (dict "root" $ "component" "monitor" "variable" "MONITOR_DATABASE_URL") */}}
{{- define "penstock.database" -}}
{{- $postgresql := .root.Values.postgresql -}}
{{- if $postgresql.existingSecret -}}
{{ include "penstock.secretVariable" (dict "root" .root "secret" $postgresql.existingSecret "name" .variable "key" (printf "%s-database-url" .component)) }}
{{- else -}}
{{- $role := .component | replace "-" "_" -}}
{{ include "penstock.secretVariable" (dict "root" .root "name" "DATABASE_PASSWORD" "key" (printf "%s-database-password" .component)) }}
- {name: {{ .variable }}, value: "postgresql+psycopg://{{ $role }}:$(DATABASE_PASSWORD)@{{ include "penstock.databaseHost" .root }}:{{ $postgresql.port }}/{{ $role }}{{ with $postgresql.parameters }}?{{ . }}{{ end }}"}
{{- end -}}
{{- end -}}

{{- define "penstock.mlflowUrl" -}}{{ .Values.mlflow.url | default (printf "http://%s-mlflow:5000" (include "penstock.fullname" .)) }}{{- end -}}

{{/* How to sign in to a tracking server given by address. */}}
{{- define "penstock.mlflowLogin" -}}
{{- with .Values.mlflow.existingSecret }}
- {name: MLFLOW_TRACKING_USERNAME, valueFrom: {secretKeyRef: {name: {{ . }}, key: username, optional: true}}}
- {name: MLFLOW_TRACKING_PASSWORD, valueFrom: {secretKeyRef: {name: {{ . }}, key: password, optional: true}}}
- {name: MLFLOW_TRACKING_TOKEN, valueFrom: {secretKeyRef: {name: {{ . }}, key: token, optional: true}}}
{{- end }}
{{- end -}}

{{/* What the pod security level `restricted` asks of a pod and of a container. (a user's number) */}}
{{- define "penstock.podSecurity" -}}
runAsNonRoot: true
runAsUser: {{ . }}
runAsGroup: {{ . }}
fsGroup: {{ . }}
fsGroupChangePolicy: OnRootMismatch
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{- define "penstock.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
runAsNonRoot: true
capabilities: {drop: [ALL]}
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{/* Where the operator wants pods. */}}
{{- define "penstock.placement" -}}
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- with .Values.pod.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.pod.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.pod.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- end -}}

{{- define "penstock.affinity" -}}
{{- with .Values.pod.affinity }}
affinity: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* Asked on the port `admin`: alive at all, started, able to work. (path of readiness) */}}
{{- define "penstock.probes" -}}
startupProbe: {httpGet: {path: /healthz, port: admin}, periodSeconds: 2, timeoutSeconds: 2, failureThreshold: 150}
readinessProbe: {httpGet: {path: {{ . }}, port: admin}, periodSeconds: 2, timeoutSeconds: 2, failureThreshold: 3}
livenessProbe: {httpGet: {path: /healthz, port: admin}, periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6}
{{- end -}}

{{/* A volume of its own for a StatefulSet. (dict "root" $ "size" "1Gi") */}}
{{- define "penstock.claims" -}}
{{- if .root.Values.persistence.enabled }}
volumeClaimTemplates:
  - metadata:
      name: data
      labels: {{- include "penstock.selector" . | nindent 8 }}
    spec:
      accessModes: [ReadWriteOnce]
      {{- with .root.Values.persistence.storageClass }}
      storageClassName: {{ . }}
      {{- end }}
      resources: {requests: {storage: {{ .size }}}}
{{- end }}
{{- end -}}

{{/* Stands in for it where nothing is to persist. */}}
{{- define "penstock.dataVolume" -}}
{{- if not .Values.persistence.enabled }}
- {name: data, emptyDir: {}}
{{- end }}
{{- end -}}

{{- define "penstock.hasTablesVolume" -}}{{ if and .Values.persistence.enabled (not .Values.tables.url) }}yes{{ end }}{{- end -}}
