{{/*
One of the services of which there is one: a StatefulSet of one pod, which is ended before it is made anew, and its Service.
(dict "root" $ "component" "monitor" "values" .Values.monitor "adminPort" 9104 "ports" (list (dict "name" "http" "port" 8000))
 "readiness" "/readyz" "env" "…YAML…" "tables" true "account" true)
*/}}
{{- define "penstock.service" -}}
{{- $root := .root -}}
{{- $name := printf "%s-%s" (include "penstock.fullname" $root) .component -}}
{{- $module := .component | replace "-" "_" -}}
{{- $variable := printf "%s_DATABASE_URL" (include "penstock.prefix" .component) -}}
{{- $hasTables := and .tables (include "penstock.hasTablesVolume" $root) -}}
apiVersion: v1
kind: Service
metadata:
  name: {{ $name }}
  labels: {{- include "penstock.labels" . | nindent 4 }}
  {{- with (.values.service).annotations }}
  annotations: {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  type: {{ (.values.service).type | default "ClusterIP" }}
  {{- if .readiness | eq "/readyz" }}
  # While the bus is away this service is not ready, and its pod is still to be reached.
  publishNotReadyAddresses: true
  {{- end }}
  selector: {{- include "penstock.selector" . | nindent 4 }}
  ports:
    {{- range .ports }}
    - {name: {{ .name }}, port: {{ .port }}, targetPort: {{ .name }}, protocol: TCP}
    {{- end }}
    - {name: admin, port: {{ .adminPort }}, targetPort: admin, protocol: TCP}
---
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: {{ $name }}
  labels: {{- include "penstock.labels" . | nindent 4 }}
spec:
  replicas: 1
  serviceName: {{ $name }}
  selector:
    matchLabels: {{- include "penstock.selector" . | nindent 6 }}
  template:
    metadata:
      labels: {{- include "penstock.podLabels" . | nindent 8 }}
      {{- with $root.Values.pod.annotations }}
      annotations: {{- toYaml . | nindent 8 }}
      {{- end }}
    spec:
      automountServiceAccountToken: {{ .account | default false }}
      {{- if .account }}
      serviceAccountName: {{ $name }}
      {{- end }}
      enableServiceLinks: false
      terminationGracePeriodSeconds: 30
      securityContext: {{- include "penstock.podSecurity" 10001 | nindent 8 }}
      {{- include "penstock.placement" $root | nindent 6 }}
      {{- if and $hasTables (ne .component "inference-logger") (not (has "ReadWriteMany" $root.Values.tables.accessModes)) }}
      # The volume of the tables can be mounted on one node: the inference-logger's.
      affinity:
        podAffinity:
          requiredDuringSchedulingIgnoredDuringExecution:
            - topologyKey: kubernetes.io/hostname
              labelSelector:
                matchLabels: {{- include "penstock.selector" (dict "root" $root "component" "inference-logger") | nindent 18 }}
      {{- else }}
      {{- include "penstock.affinity" $root | nindent 6 }}
      {{- end }}
      initContainers:
        - name: await-database
          image: {{ include "penstock.image" $root }}
          imagePullPolicy: {{ $root.Values.image.pullPolicy }}
          args: [python, -m, penstock.kubernetes, await-database]
          env:
            {{- include "penstock.database" (dict "root" $root "component" .component "variable" "DATABASE_URL") | nindent 12 }}
          securityContext: {{- include "penstock.containerSecurity" . | nindent 12 }}
          resources: {requests: {cpu: 10m, memory: 64Mi}, limits: {memory: 256Mi}}
      containers:
        - name: {{ .component }}
          image: {{ include "penstock.image" $root }}
          imagePullPolicy: {{ $root.Values.image.pullPolicy }}
          args: [python, -m, {{ $module }}]
          env:
            {{- include "penstock.commonSettings" . | nindent 12 }}
            {{- include "penstock.database" (dict "root" $root "component" .component "variable" $variable) | nindent 12 }}
            {{- .env | nindent 12 }}
            {{- include "penstock.settings" .values.env | nindent 12 }}
          {{- with .values.envFrom }}
          envFrom: {{- toYaml . | nindent 12 }}
          {{- end }}
          ports:
            {{- range .ports }}
            - {name: {{ .name }}, containerPort: {{ .port }}, protocol: TCP}
            {{- end }}
            - {name: admin, containerPort: {{ .adminPort }}, protocol: TCP}
          {{- include "penstock.probes" .readiness | nindent 10 }}
          resources: {{- toYaml .values.resources | nindent 12 }}
          securityContext: {{- include "penstock.containerSecurity" . | nindent 12 }}
          terminationMessagePolicy: FallbackToLogsOnError
          volumeMounts:
            - {name: data, mountPath: /data}
            - {name: scratch, mountPath: /tmp}
            {{- if $hasTables }}
            - {name: tables, mountPath: /data/tables}
            {{- end }}
      volumes:
        - {name: scratch, emptyDir: {}}
        {{- if $hasTables }}
        - {name: tables, persistentVolumeClaim: {claimName: {{ include "penstock.fullname" $root }}-tables}}
        {{- end }}
        {{- include "penstock.dataVolume" $root | nindent 8 }}
  {{- include "penstock.claims" (dict "root" $root "component" .component "size" .values.size) | nindent 2 }}
{{- end -}}
