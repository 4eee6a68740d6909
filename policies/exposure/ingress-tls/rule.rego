# METADATA
# scope: package
# title: Ingresses serve by TLS
# description: >-
#   Without an entry in `tls` an Ingress answers in clear: passwords, cookies and tokens can be read on the way.
# custom:
#   id: exposure/ingress-tls
#   severity: error
#   fix: >-
#     Add the host to `spec.tls`, with a Secret for its certificate.
package exposure.ingress_tls

import data.lib.ingresses
import data.lib.kubernetes

# An entry without hosts is one for all.
covers_all if {
	some entry in kubernetes.items(input, ["spec", "tls"])
	count(kubernetes.list(kubernetes.value(entry, "hosts", []))) == 0
}

covered(host) if {
	some entry in kubernetes.items(input, ["spec", "tls"])
	host in entry.hosts
}

covered(host) if {
	is_string(host)
	some entry in kubernetes.items(input, ["spec", "tls"])
	some wide in kubernetes.items(entry, ["hosts"])
	kubernetes.starts(wide, "*.")
	concat(".", array.slice(split(host, "."), 1, 100)) == trim_prefix(wide, "*.")
}

deny contains {
	"msg": sprintf("the host `%v` is served without TLS", [kubernetes.value(rule, "host", "*")]),
	"path": ["spec", "rules", index],
	"worse": {kubernetes.text(ingresses.host(rule)): ingresses.published(ingresses.host(rule))},
} if {
	ingresses.is_ingress
	some index, rule in kubernetes.items(input, ["spec", "rules"])
	not covers_all
	not covered(kubernetes.value(rule, "host", "*"))
}
