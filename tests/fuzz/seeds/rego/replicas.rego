package main

import rego.v1

deny contains msg if {
	input.kind == "Deployment"
	input.spec.replicas > 2
	msg := sprintf("%s has %d replicas", [input.metadata.name, input.spec.replicas])
}
