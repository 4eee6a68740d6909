# METADATA
# scope: package
# title: Ingresses name their host
# description: >-
#   A rule without a host, a wildcard or a default backend answers to every name that is pointed at the address,
#   also to those that nobody thought of.
# custom:
#   id: exposure/ingress-hosts
#   severity: warning
#   fix: >-
#     Name the host.
package exposure.ingress_hosts

import data.lib.kubernetes

ingress if kubernetes.is("networking.k8s.io", "Ingress")

ingress if kubernetes.is("extensions", "Ingress")

deny contains "a rule without a host answers to every name" if {
	ingress
	some rule in kubernetes.items(input, ["spec", "rules"])
	kubernetes.value(rule, "host", "") in ["", null]
}

deny contains sprintf("`%v` answers to every name below it", [rule.host]) if {
	ingress
	some rule in kubernetes.items(input, ["spec", "rules"])
	kubernetes.starts(rule.host, "*")
}

deny contains "the default backend answers to every name" if {
	ingress
	some field in ["defaultBackend", "backend"]
	kubernetes.given(input, ["spec", field])
}
