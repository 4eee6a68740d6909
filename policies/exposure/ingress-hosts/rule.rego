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

import data.lib.ingresses
import data.lib.kubernetes

# Worse is what such a host publishes beyond before.
deny contains {"msg": "a rule without a host answers to every name", "path": ["spec", "rules", index, "host"], "worse": {"*": ingresses.published("*")}} if {
	ingresses.is_ingress
	some index, rule in kubernetes.items(input, ["spec", "rules"])
	kubernetes.value(rule, "host", "") in ["", null]
}

deny contains {"msg": sprintf("`%v` answers to every name below it", [rule.host]), "path": ["spec", "rules", index, "host"], "worse": {rule.host: ingresses.published(rule.host)}} if {
	ingresses.is_ingress
	some index, rule in kubernetes.items(input, ["spec", "rules"])
	kubernetes.starts(rule.host, "*")
}

deny contains {"msg": "the default backend answers to every name", "path": ["spec", field], "worse": {"backend": kubernetes.text(input.spec[field])}} if {
	ingresses.is_ingress
	some field in ["defaultBackend", "backend"]
	kubernetes.given(input, ["spec", field])
}
