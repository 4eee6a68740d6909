# METADATA
# scope: package
# title: load balancers are bound to sources or to the inside
# description: >-
#   A Service of the type LoadBalancer gets an address of its own, mostly a public one, and without
#   `loadBalancerSourceRanges` everybody reaches it. Clouds make it private by annotations, which the rule knows.
# custom:
#   id: exposure/load-balancers
#   severity: error
#   fix: >-
#     Set `loadBalancerSourceRanges`, mark it as internal, or use an Ingress or Gateway.
package exposure.load_balancers

import data.lib.kubernetes
import data.lib.services

deny contains {"msg": "the load balancer is open to everybody", "path": ["spec", "loadBalancerSourceRanges"], "worse": {"from": true, "to": services.reached}} if {
	balances
	count(kubernetes.list(kubernetes.value(input, ["spec", "loadBalancerSourceRanges"], []))) == 0
}

deny contains {"msg": sprintf("the load balancer is open to %s", [range]), "path": ["spec", "loadBalancerSourceRanges", index], "worse": {"from": range, "to": services.reached}} if {
	balances
	some index, range in kubernetes.items(input, ["spec", "loadBalancerSourceRanges"])
	range in ["0.0.0.0/0", "::/0"]
}

balances if {
	services.is_service
	input.spec.type == "LoadBalancer"
	not private
}

private if {
	some key, value in kubernetes.value(input, ["metadata", "annotations"], {})
	lower(sprintf("%v", [value])) in inside[key]
}

inside := {
	"cloud.google.com/load-balancer-type": {"internal"},
	"networking.gke.io/load-balancer-type": {"internal"},
	"service.beta.kubernetes.io/aws-load-balancer-internal": {"true", "0.0.0.0/0"},
	"service.beta.kubernetes.io/aws-load-balancer-scheme": {"internal"},
	"service.beta.kubernetes.io/azure-load-balancer-internal": {"true"},
	"service.beta.kubernetes.io/oci-load-balancer-internal": {"true"},
	"service.beta.kubernetes.io/openstack-internal-load-balancer": {"true"},
}
