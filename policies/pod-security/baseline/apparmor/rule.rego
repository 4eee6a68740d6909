# METADATA
# scope: package
# title: AppArmor is not turned off
# description: >-
#   On nodes with AppArmor a container is confined by the default profile of its runtime unless it asks for another;
#   `Unconfined` takes that away.
# custom:
#   id: pod-security/baseline/apparmor
#   severity: error
#   fix: >-
#     Use the type `RuntimeDefault` or `Localhost`, or leave the profile out.
package pod_security.baseline.apparmor

import data.lib.kubernetes
import data.lib.pods

deny contains {"msg": sprintf("%s uses the AppArmor profile `%v`", [context.words, type]), "path": pods.path(context, ["appArmorProfile", "type"])} if {
	some context in pods.contexts
	kubernetes.given(context, ["body", "appArmorProfile"])
	type := kubernetes.value(context, ["body", "appArmorProfile", "type"], "")
	not type in ["RuntimeDefault", "Localhost"]
}

prefix := "container.apparmor.security.beta.kubernetes.io/"

deny contains {"msg": sprintf("the annotation `%s` asks for `%v`", [key, profile]), "path": pods.path(pod, ["metadata", "annotations", key])} if {
	some pod in pods.pods
	some key, profile in pods.annotations(pod)
	kubernetes.starts(key, prefix)
	not usual(profile)
}

usual(profile) if profile in ["", "runtime/default"]

usual(profile) if kubernetes.starts(profile, "localhost/")
