# METADATA
# title: Services
# description: What a Service reaches, as `worse` compares it.
package lib.services

import data.lib.kubernetes

is_service if kubernetes.is("", "Service")

# The ports, where they lead, and the pods behind them: another selector reaches other pods.
reached := {"pods": kubernetes.text(kubernetes.entries(input, ["spec", "selector"])), "ports": ports}

ports contains sprintf("%v/%v to %v", [number, protocol, target]) if {
	some port in kubernetes.items(input, ["spec", "ports"])
	number := kubernetes.value(port, "port", "")
	protocol := kubernetes.value(port, "protocol", "TCP")
	target := kubernetes.value(port, "targetPort", number)
}
