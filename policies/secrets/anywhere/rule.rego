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

deny contains {"msg": sprintf("`%s` holds a secret", [concat(".", names)]), "path": path, "worse": kubernetes.seal(value)} if {
	walk(input, [path, value])
	kubernetes.masked(value)
	not of_others(path)
	not encrypted(path)
	not in_pod(path)
	names := [name | some part in path; name := sprintf("%v", [part])]
}

# Fields that have rules of their own, or whose values are meant to be seen.
of_others(path) if {
	kubernetes.is("", "Secret")
	path[0] in ["data", "sops", "stringData"]
}

of_others(path) if {
	kubernetes.is("", "ConfigMap")
	path[0] in ["binaryData", "data"]
}

of_others(path) if {
	input.kind == "SealedSecret"
	array.slice(path, 0, 2) == ["spec", "encryptedData"]
}

# What SOPS has encrypted is masked all the same.
encrypted(path) if {
	kubernetes.given(input, ["sops", "mac"])
	not path[1] in kubernetes.items(input, ["sops", "clear"])
}

encrypted(path) if {
	kubernetes.given(input, ["sops", "mac"])
	path[0] == "sops"
}

# What a container is given, wherever pods stand in the object.
in_pod(path) if {
	count(pods.pods) > 0
	some part in path
	part in ["args", "command", "env"]
}
