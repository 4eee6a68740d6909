# METADATA
# scope: package
# title: pods get time to end
# description: >-
#   Between the signal to end and the kill stand `terminationGracePeriodSeconds`. With 0 a program is killed at
#   once: requests break off, and for a StatefulSet two pods with one identity may run at a time.
# custom:
#   id: good-practice/termination
#   severity: warning
#   fix: >-
#     Leave the field out (30 seconds), or set what the program needs to finish.
#   parameters:
#     longest_grace:
#       type: number
#       default: 3600
#       description: The most seconds that pods may take to end.
package good_practice.termination

import data.lib.pods

deny contains {"msg": sprintf("pods%s are killed at once: `terminationGracePeriodSeconds: 0`", [pod.within]), "path": pods.path(pod, ["spec", "terminationGracePeriodSeconds"])} if {
	some pod in pods.pods
	pod.spec.terminationGracePeriodSeconds == 0
}

deny contains {
	"msg": sprintf("pods%s may take %v seconds to end, more than %v", [pod.within, seconds, longest_grace]),
	"path": pods.path(pod, ["spec", "terminationGracePeriodSeconds"]),
	"worse": {pod.words: seconds},
} if {
	some pod in pods.pods
	seconds := pod.spec.terminationGracePeriodSeconds
	seconds > longest_grace
}

default longest_grace := 3600

longest_grace := data.parameters.longest_grace
