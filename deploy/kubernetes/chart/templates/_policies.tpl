{{/* Who reaches which part of the platform: pieces of network-policies.yaml. */}}

{{- define "penstock.toNames" -}}
- to:
    - namespaceSelector:
        matchLabels: {kubernetes.io/metadata.name: kube-system}
      podSelector:
        matchLabels: {k8s-app: kube-dns}
  ports:
    - {protocol: UDP, port: 53}
    - {protocol: TCP, port: 53}
{{- end -}}

{{- define "penstock.toModels" -}}
- to:
    - podSelector:
        matchLabels: {app.kubernetes.io/part-of: penstock, app.kubernetes.io/component: model}
      {{- with .Values.models.namespace }}
      namespaceSelector:
        matchLabels: {kubernetes.io/metadata.name: {{ . }}}
      {{- end }}
  ports:
    - {protocol: TCP, port: 8080}
# Images of their owners, wherever they listen.
- to:
    - podSelector:
        matchLabels: {app.kubernetes.io/part-of: penstock, penstock.io/source: image}
      {{- with .Values.models.namespace }}
      namespaceSelector:
        matchLabels: {kubernetes.io/metadata.name: {{ . }}}
      {{- end }}
{{- end -}}

{{- define "penstock.podsOf" -}}
{{- $root := .root -}}
{{- range .components }}
- podSelector:
    matchLabels: {{- include "penstock.selector" (dict "root" $root "component" .) | nindent 6 }}
{{- end -}}
{{- end -}}

{{/* (dict "root" $ "component" "monitor" "ingress" "…YAML…" "egress" "…YAML…") */}}
{{- define "penstock.policy" -}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{ include "penstock.fullname" .root }}-{{ .component }}
  labels: {{- include "penstock.labels" . | nindent 4 }}
spec:
  podSelector:
    matchLabels: {{- include "penstock.selector" . | nindent 6 }}
  policyTypes: [Ingress{{ if .egress }}, Egress{{ end }}]
  ingress: {{- if .ingress }}{{ .ingress | nindent 4 }}{{ else }} []{{ end }}
  {{- if .egress }}
  egress: {{- .egress | nindent 4 }}
  {{- end }}
{{ end -}}

{{/* Who may read metrics. (dict "root" $ "port" 9104) */}}
{{- define "penstock.metricsIngress" -}}
{{- with .root.Values.networkPolicy.metricsFrom }}
- from: {{- toYaml . | nindent 4 }}
  ports: [{protocol: TCP, port: {{ $.port }}}]
{{- end -}}
{{- end -}}

{{- define "penstock.controllerIngress" -}}
- ports: [{protocol: TCP, port: 8000}]   # it asks everybody for a token
{{- include "penstock.metricsIngress" (dict "root" . "port" 9101) }}
{{- end -}}

{{- define "penstock.routerIngress" -}}
- ports: [{protocol: TCP, port: 8080}]   # it asks everybody for a key
{{- include "penstock.metricsIngress" (dict "root" . "port" 9103) }}
{{- end -}}

{{- define "penstock.routerEgress" -}}
{{ include "penstock.toNames" . }}
{{ include "penstock.toModels" . }}
- to: {{- include "penstock.podsOf" (dict "root" . "components" (list "nats")) | trim | nindent 4 }}
  ports: [{protocol: TCP, port: 4222}]
{{- with .Values.networkPolicy.routerEgress }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "penstock.schedulerIngress" -}}
- from:
    - podSelector:
        matchLabels: {app.kubernetes.io/part-of: penstock, app.kubernetes.io/component: model}
      {{- with .Values.models.namespace }}
      namespaceSelector:
        matchLabels: {kubernetes.io/metadata.name: {{ . }}}
      {{- end }}
  ports: [{protocol: TCP, port: 9112}]
{{- include "penstock.metricsIngress" (dict "root" . "port" 9102) }}
{{- end -}}

{{- define "penstock.natsIngress" -}}
- from:
    {{- include "penstock.podsOf" (dict "root" .root "components" .services) | trim | nindent 4 }}
    {{- with .root.Values.networkPolicy.natsFrom }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  ports: [{protocol: TCP, port: 4222}]
- from: {{- include "penstock.podsOf" (dict "root" .root "components" (list "nats")) | trim | nindent 4 }}
  ports: [{protocol: TCP, port: 6222}]
{{- end -}}

{{- define "penstock.natsEgress" -}}
{{ include "penstock.toNames" . }}
- to: {{- include "penstock.podsOf" (dict "root" . "components" (list "nats")) | trim | nindent 4 }}
  ports: [{protocol: TCP, port: 6222}]
{{- end -}}

{{- define "penstock.postgresqlIngress" -}}
- from: {{- include "penstock.podsOf" . | trim | nindent 4 }}
  ports: [{protocol: TCP, port: 5432}]
{{- end -}}

{{- define "penstock.mlflowIngress" -}}
- from:
    {{- include "penstock.podsOf" (dict "root" . "components" (list "controller" "scheduler")) | trim | nindent 4 }}
    {{- with .Values.networkPolicy.mlflowFrom }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  ports: [{protocol: TCP, port: 5000}]
{{- end -}}

{{- define "penstock.objectStoreIngress" -}}
- from: {{- include "penstock.podsOf" (dict "root" . "components" (list "controller" "inference-logger" "monitor" "scheduler")) | trim | nindent 4 }}
  ports: [{protocol: TCP, port: 8333}]
{{- end -}}
