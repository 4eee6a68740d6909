# METADATA
# scope: package
# title: no other field holds a secret
# description: >-
#   Custom resources, annotations and the values of a chart carry secrets as well as Secrets do, and nobody guards
#   them. The rule names every place that was masked and that the other rules of this pack do not name.
# custom:
#   id: secrets/anywhere
#   severity: warning
#   fix: >-
#     Refer to a Secret from there; then change what was committed, for it is known.
package secrets.anywhere

import data.lib.kubernetes
import data.lib.pods

deny contains sprintf("`%s` holds a secret", [concat(".", names)]) if {
	not of_others
	walk(input, [path, value])
	kubernetes.masked(value)
	not in_pod(path)
	names := [name | some part in path; name := sprintf("%v", [part])]
}

# What is encrypted is sealed for us all the same, as are Secrets and ConfigMaps, which have rules of their own.
of_others if {
	input.kind in ["Secret", "ConfigMap", "SealedSecret"]
}

of_others if kubernetes.given(input, "sops")

in_pod(path) if {
	some list, _ in pods.lists
	list in path
	count(pods.pods) > 0
}
