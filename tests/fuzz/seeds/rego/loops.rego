package lib.loops

import data.lib.other as o

images[image] {
	walk(input, [path, value])
	path[count(path) - 1] == "image"
	image := value
}

violation[{"msg": msg, "details": {"n": n}}] {
	some i, j
	n := [x | x := numbers.range(1, 5)[i]; x % 2 == 0]
	every m in n { m > 0 }
	msg := concat(",", {regex.replace(image, "[:].*", "") | images[image]})
	not startswith(msg, "registry/")
} else = {"msg": "x"} {
	json.patch(input, [{"op": "remove", "path": "/spec"}])
	object.get(input, ["spec", "template"], {}) with input as {"a": `b`}
}

warn_later = {"a": 1, "b": {1, 2, 3}} { time.now_ns() > 0 }
