# METADATA
# scope: package
# title: Services take no addresses from outside
# description: >-
#   With `externalIPs` a Service receives whatever is sent to these addresses from within the cluster, also where
#   they belong to others: traffic can be taken over that way (CVE-2020-8554).
# custom:
#   id: exposure/external-ips
#   severity: error
#   fix: >-
#     Take `externalIPs` out; use a load balancer.
package exposure.external_ips

import data.lib.kubernetes
import data.lib.services

deny contains {"msg": sprintf("the Service takes what is sent to %v", [address]), "path": ["spec", "externalIPs", index], "worse": {kubernetes.text(address): services.reached}} if {
	services.is_service
	some index, address in kubernetes.items(input, ["spec", "externalIPs"])
}
