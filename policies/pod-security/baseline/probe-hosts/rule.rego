# METADATA
# scope: package
# title: probes and lifecycle hooks ask the pod itself
# description: >-
#   The kubelet sends probes and hooks from the node. With a `host` of their own they reach whatever the node
#   reaches, past every NetworkPolicy.
# custom:
#   id: pod-security/baseline/probe-hosts
#   severity: error
#   fix: >-
#     Take `host` out: the address of the pod is the default.
#   since: "1.34"
#   parameters:
#     kubernetes:
#       type: version
#       default: "1.36"
#       description: The version of Kubernetes that the cluster runs.
package pod_security.baseline.probe_hosts

import data.lib.kubernetes
import data.lib.pods

hooks := [
	["livenessProbe"], ["readinessProbe"], ["startupProbe"], ["lifecycle", "postStart"], ["lifecycle", "preStop"],
]

# Another port or path of a host is another thing that is asked.
deny contains {
	"msg": sprintf("`%s` of %s asks the host `%v`", [concat(".", hook), container.words, host]),
	"path": pods.path(container, array.concat(hook, [by, "host"])),
	"worse": {concat(".", array.concat(hook, [container.words])): kubernetes.text(kubernetes.value(container.body, array.concat(hook, [by]), ""))},
} if {
	kubernetes.at_least(34)
	some container in pods.containers
	some hook in hooks
	some by in ["httpGet", "tcpSocket"]
	host := kubernetes.value(container.body, array.concat(hook, [by, "host"]), "")
	not host in ["", null]
}
