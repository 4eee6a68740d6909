# METADATA
# scope: package
# title: NetworkPolicies hold something back
# description: >-
#   A rule without `from` or `to` allows everybody, and so does an empty peer list or the block 0.0.0.0/0. As
#   policies add up, one such rule undoes all others for the pods that it selects.
# custom:
#   id: exposure/network-policies
#   severity: error
#   fix: >-
#     Name the pods, namespaces or address blocks that are meant.
package exposure.network_policies

import data.lib.kubernetes

policy if kubernetes.is("networking.k8s.io", "NetworkPolicy")

sides := {"ingress": "from", "egress": "to"}

ports(rule) := concat(", ", {sprintf("port %v", [kubernetes.value(port, "port", "*")]) | some port in kubernetes.items(rule, ["ports"])}) if {
	count(kubernetes.items(rule, ["ports"])) > 0
}

else := "every port"

# The pods that the policy selects: all of its namespace where it says no more.
pods if kubernetes.entries(input, ["spec", "podSelector"]) == {}

else := kubernetes.text(input.spec.podSelector)

# What a rule allows, as `worse` compares it.
opened(rule, side, peers) := {"peers": peers, "pods": pods, "ports": numbers(rule), "side": side}

numbers(rule) if count(kubernetes.items(rule, ["ports"])) == 0

else := {json.marshal(port) | some port in kubernetes.items(rule, ["ports"])}

deny contains {"msg": sprintf("a rule of `%s` allows everybody on every port", [side]), "path": ["spec", side, index], "worse": opened(rule, side, true)} if {
	policy
	some side, peers in sides
	some index, rule in kubernetes.items(input, ["spec", side])
	count(kubernetes.list(kubernetes.value(rule, peers, []))) == 0
	count(kubernetes.list(kubernetes.value(rule, "ports", []))) == 0
}

deny contains {
	"msg": sprintf("a rule of `ingress` lets %v in on %s", [peer.ipBlock.cidr, ports(rule)]),
	"path": ["spec", "ingress", index, "from", place, "ipBlock", "cidr"],
	"worse": opened(rule, "ingress", kubernetes.text(peer.ipBlock)),
} if {
	policy
	some index, rule in kubernetes.items(input, ["spec", "ingress"])
	some place, peer in kubernetes.items(rule, ["from"])
	peer.ipBlock.cidr in ["0.0.0.0/0", "::/0"]
}

deny contains {
	"msg": sprintf("a rule of `%s` allows every pod of every namespace on %s", [side, ports(rule)]),
	"path": ["spec", side, index, peers, place],
	"worse": opened(rule, side, "every pod"),
} if {
	policy
	some side, peers in sides
	some index, rule in kubernetes.items(input, ["spec", side])
	some place, peer in kubernetes.items(rule, [peers])
	peer.namespaceSelector == {}
	kubernetes.value(peer, "podSelector", {}) == {}
}
