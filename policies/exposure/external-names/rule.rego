# METADATA
# scope: package
# title: Services do not stand for names outside
# description: >-
#   A Service of the type ExternalName answers with any name that it is told, so that an Ingress or a client inside
#   ends up at a host that nobody here runs, or at one inside that it should not reach.
# custom:
#   id: exposure/external-names
#   severity: warning
#   fix: >-
#     Point clients at the name itself, and leave this rule out where the alias is wanted.
package exposure.external_names

import data.lib.kubernetes

deny contains {"msg": sprintf("the Service stands for `%v`", [input.spec.externalName]), "path": ["spec", "externalName"]} if {
	kubernetes.is("", "Service")
	input.spec.type == "ExternalName"
}
