# METADATA
# scope: package
# title: every object is of an API that the cluster still serves
# description: >-
#   Kubernetes takes versions of its APIs away, a while after it has named their successors. An object of a version
#   that is gone cannot be applied any more, and one of a version that will go stops an upgrade.
# custom:
#   id: kubernetes/removed-apis
#   severity: error
#   fix: >-
#     Write the `apiVersion` that the message names; its fields may be called otherwise.
#   parameters:
#     kubernetes:
#       type: version
#       default: "1.36"
#       description: The version of Kubernetes that the cluster runs.
package kubernetes.removed_apis

import data.lib.kubernetes

minor(version) := to_number(split(version, ".")[1])

entry := found if {
	some found in data.removed_apis
	found.kind == input.kind
	called(found) == input.apiVersion
}

called(api) := concat("/", [api.group, api.version]) if api.group != ""

else := api.version

default instead := ""

instead := sprintf("; use `%s`", [called(entry.replacement)]) if kubernetes.given(entry, "replacement")

gone if kubernetes.minor >= minor(entry.removed)

deny contains {"msg": sprintf("`%s` `%s` is gone since Kubernetes %s%s", [input.apiVersion, input.kind, entry.removed, instead]), "path": ["apiVersion"]} if gone

warn contains {"msg": sprintf("`%s` `%s` goes with Kubernetes %s%s", [input.apiVersion, input.kind, entry.removed, instead]), "path": ["apiVersion"]} if {
	kubernetes.given(entry, "removed")
	not gone
	kubernetes.minor >= minor(entry.deprecated)
}

warn contains {"msg": sprintf("`%s` `%s` is deprecated since Kubernetes %s%s", [input.apiVersion, input.kind, entry.deprecated, instead]), "path": ["apiVersion"]} if {
	not kubernetes.given(entry, "removed")
	kubernetes.minor >= minor(entry.deprecated)
}
