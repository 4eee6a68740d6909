# METADATA
# scope: package
# title: secrets reach containers as files
# description: >-
#   A secret in an environment variable is inherited by every child process and printed by crash reports, and does
#   not change while the pod runs. `envFrom` gives a program every key there is.
# custom:
#   id: secrets/mounts
#   severity: info
#   fix: >-
#     Mount the Secret as a volume, or name the one key that is needed.
package secrets.mounts

import data.lib.kubernetes
import data.lib.pods

deny contains {"msg": sprintf("%s gets every key of the Secret `%v` as a variable", [container.words, source.secretRef.name]), "path": pods.path(container, ["envFrom", index])} if {
	some container in pods.containers
	some index, source in kubernetes.items(container, ["body", "envFrom"])
	kubernetes.given(source, "secretRef")
}
