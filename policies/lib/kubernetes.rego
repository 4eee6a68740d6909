# METADATA
# title: Objects and versions
# description: What kind of object is judged, in which version of Kubernetes, and what of it can be seen.
package lib.kubernetes

# The version that a cluster runs, where `parameters` says none.
default version := "1.36"

version := data.parameters.kubernetes

minor := to_number(split(trim_prefix(version, "v"), ".")[1])

at_least(wanted) if minor >= wanted

# The core group is "".
default group := ""

group := split(input.apiVersion, "/")[0] if {
	is_string(input.apiVersion)
	contains(input.apiVersion, "/")
}

is(wanted, kind) if {
	group == wanted
	input.kind == kind
}

# A key, or a path of keys, that is there and not null. Paths are given apart from where they begin: what is undefined in an
# argument makes a whole expression undefined, also one that begins with `not`.
given(map, path) if {
	is_object(map)
	object.get(map, path, null) != null
}

# What is at a key or a path of keys, or something else where nothing is.
value(map, path, fallback) := object.get(map, path, fallback) if is_object(map)

else := fallback

# The list at a path, or an empty one where there is none, or null, as templates like to leave behind.
items(map, path) := list(value(map, path, []))

# The map at a path, or an empty one.
entries(map, path) := found if {
	found := value(map, path, {})
	is_object(found)
}

else := {}

list(value) := value if is_array(value)

else := []

# A text that begins with another; what is no text does not.
starts(value, beginning) if {
	is_string(value)
	startswith(value, beginning)
}

# A value that was masked: it looks like a secret, and is not shown to policies.
masked(value) if is_string(value["$sealed"])

# What stands for a masked value and tells it from others; nothing of a value that is not masked, which must not get into a
# finding.
default seal(_) := ""

seal(value) := value["$sealed"] if masked(value)

# The namespace that the object says it is in; "" where it says none.
namespace := found if {
	found := value(input, ["metadata", "namespace"], "")
	is_string(found)
}

else := ""

# Whether a namespace is another than the object's own. Where the object says none, what is named may be its own or not,
# and counts as another: nothing here tells.
foreign(other) if {
	is_string(other)
	other != ""
	other != namespace
}

# How a message goes on about a namespace that is another.
apart := sprintf(", not of `%v`", [namespace]) if namespace != ""

else := "; the object itself names none"

# A value as a text, to be the same as another or not, and no more: numbers and lists have an order in `worse`.
text(value) := value if is_string(value)

else := json.marshal(value)

# The quantity of a resource as a number: "500m", "1Gi", 2.
quantity(value) := value if is_number(value)

quantity(value) := to_number(number) * factors[suffix] if {
	is_string(value)
	parts := regex.find_all_string_submatch_n(`^([0-9]+(?:\.[0-9]+)?)(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|)$`, value, 1)
	[_, number, suffix] := parts[0]
}

factors := {
	"": 1, "m": 0.001,
	"k": 1000, "M": 1000000, "G": 1000000000, "T": 1000000000000, "P": 1000000000000000, "E": 1000000000000000000,
	"Ki": 1024, "Mi": 1048576, "Gi": 1073741824, "Ti": 1099511627776, "Pi": 1125899906842624, "Ei": 1152921504606846976,
}
