# METADATA
# title: Ingresses
# description: What an Ingress publishes, as `worse` compares it.
package lib.ingresses

import data.lib.kubernetes

is_ingress if kubernetes.is("networking.k8s.io", "Ingress")

is_ingress if kubernetes.is("extensions", "Ingress")

# The host of a rule; every host where it names none.
host(rule) := found if {
	found := kubernetes.value(rule, "host", "*")
	found != ""
}

else := "*"

# The paths of a host, each with what answers there.
published(wanted) := {sprintf("%v: %s", [kubernetes.value(path, "path", "/"), kubernetes.text(kubernetes.value(path, "backend", ""))]) |
	some rule in kubernetes.items(input, ["spec", "rules"])
	host(rule) == wanted
	some path in kubernetes.items(rule, ["http", "paths"])
}
