# METADATA
# title: Pods, wherever they stand
# description: >-
#   Every pod that an object describes: a Pod itself, what a workload makes its pods from, a PodTemplate, and in workloads of
#   others whatever has a `spec` with containers, and templates of Argo Workflows. And every container of these pods,
#   whichever list it is in.
package lib.pods

import data.lib.kubernetes
import data.lib.workflows

# Workloads that make pods from `spec.template`, by kind, with their API groups.
workloads := {
	"DaemonSet": {"apps", "extensions"},
	"Deployment": {"apps", "extensions"},
	"Job": {"batch"},
	"ReplicaSet": {"apps", "extensions"},
	"ReplicationController": {""},
	"StatefulSet": {"apps"},
}

# Workloads whose pods run until they are told to stop.
serving := {"DaemonSet", "Deployment", "ReplicaSet", "ReplicationController", "StatefulSet"}

is_workload if kubernetes.group in workloads[input.kind]

is_serving if {
	is_workload
	input.kind in serving
}

# `path` leads to where the template of the pod stands.
pods contains described([], input) if kubernetes.is("", "Pod")

pods contains described(["template"], input.template) if kubernetes.is("", "PodTemplate")

pods contains described(["spec", "template"], input.spec.template) if is_workload

pods contains described(["spec", "jobTemplate", "spec", "template"], input.spec.jobTemplate.spec.template) if {
	kubernetes.is("batch", "CronJob")
}

# A workload of somebody else: Rollouts, Knative services and the like.
pods contains described(["spec", "template"], input.spec.template) if {
	not is_workload
	is_array(input.spec.template.spec.containers)
}

# One that has its pods elsewhere, perhaps several of them: JobSets, operators for training or databases. Then messages say
# which one they mean.
pods contains described([], input) if {
	elsewhere
	runs(kubernetes.items(input, ["spec", "containers"]))
}

pods contains object.union(described(way, template), {"words": sprintf("the pod at `%s`", [place]), "within": sprintf(" at `%s`", [place])}) if {
	elsewhere
	walk(input, [way, template])
	is_object(template)
	not way in [[], ["spec", "template"]]
	runs(kubernetes.items(template, ["spec", "containers"]))
	place := named_path(way)
}

# It is put together from several places.
pods contains object.union(described(null, template), {"words": sprintf("the pod of `%s`", [place]), "within": sprintf(" of `%s`", [place])}) if {
	some place, template in workflows.templates
}

# Policies have patterns that look like pods, and the kinds of Kubernetes itself are known.
elsewhere if {
	contains(kubernetes.group, ".")
	not endswith(kubernetes.group, ".k8s.io")
	every suffix in ["kyverno.io", "gatekeeper.sh"] { not endswith(kubernetes.group, suffix) }
}

runs(containers) if {
	count(containers) > 0
	every container in containers { is_string(container.name) }
}

# Items of lists go by their name, as they may be moved.
named_path(path) := concat(".", [step |
	some index, part in path
	item := object.get(input, array.slice(path, 0, index + 1), {})
	step := step_of(part, item)
])

step_of(part, item) := item.name if {
	is_number(part)
	is_string(item.name)
}

else := sprintf("%v", [part])

described(path, template) := {
	"metadata": kubernetes.value(template, "metadata", {}),
	"path": path,
	"spec": kubernetes.value(template, "spec", {}),
	"within": "",
	"words": "the pod",
} if {
	is_object(template)
}

lists := {
	"containers": "container",
	"ephemeralContainers": "ephemeral container",
	"initContainers": "init container",
}

# `words` is how messages name it: init container `migrate`.
containers contains container if {
	some pod in pods
	some list, word in lists
	some index, body in kubernetes.items(pod, ["spec", list])
	is_object(body)
	name := object.get(body, "name", "")
	container := {"at": ["spec", list, index], "pod": pod, "list": list, "body": body, "name": name, "words": sprintf("%s `%v`%s", [word, name, pod.within])}
}

# The path of what a pod, a container or a security context has; empty where it cannot be told.
path(part, below) := array.concat(array.concat(part.pod.path, part.at), below) if is_array(part.pod.path)

else := array.concat(part.path, below) if is_array(part.path)

else := []

# Containers that run as long as their pod: those of `containers`, and init containers that are restarted always.
lasting contains container if {
	some container in containers
	container.list == "containers"
}

lasting contains container if {
	some container in containers
	container.list == "initContainers"
	container.body.restartPolicy == "Always"
}

annotations(pod) := kubernetes.entries(pod, ["metadata", "annotations"])

# Controls of Linux mean nothing to a pod that says it is for Windows.
for_windows(pod) if {
	kubernetes.at_least(25)
	pod.spec.os.name == "windows"
}

# Root in a pod with users of its own is nobody on the node.
own_users(pod) if {
	kubernetes.at_least(35)
	pod.spec.hostUsers == false
}

# A port of the node, as `worse` compares it: on every address of the node, where it names none.
host_port(container, port) := {
	"address": address(port),
	"port": sprintf("%v/%v%s", [port.hostPort, kubernetes.value(port, "protocol", "TCP"), container.pod.within]),
}

address(port) if kubernetes.value(port, "hostIP", "") in ["", null, "0.0.0.0", "::"]

else := kubernetes.text(port.hostIP)

# A volume, as `worse` compares it: what it is, and which containers may do what with it.
mounted(pod, volume) := {"mounts": mounts(pod, volume), "source": source(volume)}

# A path of the node holds every path below it.
source(volume) := {"hostPath": json.unmarshal(concat("", array.concat(
	[sprintf(`{%s:`, [json.marshal(part)]) | some part in parts],
	array.concat(["true"], ["}" | some _ in parts]),
)))} if {
	is_string(volume.hostPath.path)
	parts := [part | some part in split(volume.hostPath.path, "/"); part != ""]
}

else := json.marshal(object.remove(volume, ["name"]))

mounts(pod, volume) := {container.words: {"propagates": propagates, "writes": writes} |
	some container in containers
	container.pod == pod
	own := [mount | some mount in kubernetes.items(container, ["body", "volumeMounts"]); mount.name == volume.name]
	count(own) > 0
	writes := count([mount | some mount in own; not mount.readOnly == true]) > 0
	propagates := count([mount | some mount in own; mount.mountPropagation == "Bidirectional"]) > 0
}

# Every security context of pods and containers, with the words for whose it is.
contexts contains context if {
	some pod in pods
	body := pod.spec.securityContext
	context := {"at": ["spec", "securityContext"], "pod": pod, "words": pod.words, "body": body}
}

contexts contains context if {
	some container in containers
	body := container.body.securityContext
	context := {"at": array.concat(container.at, ["securityContext"]), "pod": container.pod, "words": container.words, "body": body}
}
