# METADATA
# scope: package
# title: no ConfigMap holds a secret
# description: >-
#   ConfigMaps are read by almost everybody who may read anything: the role `view` shows them, and not Secrets.
# custom:
#   id: secrets/config-maps
#   severity: error
#   fix: >-
#     Put it into a Secret; then change it, for it is known.
package secrets.config_maps

import data.lib.kubernetes

deny contains {"msg": sprintf("`%s` holds a secret", [key]), "path": [field, key], "worse": {key: kubernetes.seal(value)}} if {
	kubernetes.is("", "ConfigMap")
	some field in ["data", "binaryData"]
	some key, value in kubernetes.entries(input, [field])
	kubernetes.masked(value)
}
