"""Microsoft Azure: virtual machines."""

from __future__ import annotations

from px_ansible.providers.cloud import FIXED, architecture, attributes, files_of, login, shared, variables
from px_ansible.providers.model import OPTIONAL, Cloud, Labels, Provider

REGIONS = """
australiacentral australiacentral2 australiaeast australiasoutheast austriaeast brazilsouth brazilsoutheast
canadacentral canadaeast centralindia centralus chilecentral eastasia eastus eastus2 francecentral francesouth
germanynorth germanywestcentral indonesiacentral israelcentral italynorth japaneast japanwest jioindiacentral
jioindiawest koreacentral koreasouth malaysiawest mexicocentral newzealandnorth northcentralus northeurope norwayeast
norwaywest polandcentral qatarcentral southafricanorth southafricawest southcentralus southeastasia southindia
spaincentral swedencentral swedensouth switzerlandnorth switzerlandwest uaecentral uaenorth uksouth ukwest
westcentralus westeurope westindia westus westus2 westus3
"""

# learn.microsoft.com/azure/azure-resource-manager/management/tag-resources
LABELS = Labels(
    key=r"[^<>%&\\?/]{1,512}",
    key_form="must be at most 512 characters without < > % & \\ ? and /",
    value=r".{0,256}",
    value_form="must be at most 256 characters",
    taken=("microsoft", "azure", "windows"),
)

# learn.microsoft.com/azure/virtual-machines/linux/faq: user names that are refused when a machine is made.
NO_USERS = """
1 123 a actuser adm admin admin1 admin2 administrator aspnet backup console david guest john owner root server sql
support support_388945a0 sys test test1 test2 test3 user user1 user2 user3 user4 user5
"""

AZURE = Provider(
    name="azure",
    default_image="debian-12",
    images=("debian-12", "debian-13", "ubuntu-24.04"),
    user=login("px"),
    arch=architecture,
    attributes=attributes,
    variables=variables("azure"),
    fixed=FIXED,
    programs={"ssh": "openssh-client", "ssh-keygen": "openssh-client"},
    cloud=Cloud(
        default_region="eastus",
        region="[a-z]+[0-9]*",
        regions=tuple(REGIONS.split()),
        labels=LABELS,
        zone="[123]",
        zone_form="the zones of {region} are called 1, 2 and 3",
        image=r"[A-Za-z0-9_.-]+(:[A-Za-z0-9_.-]+){3}",
        image_form="PUBLISHER:OFFER:SKU:VERSION",
        disk_gib=(30, 32767),
        no_users=frozenset(NO_USERS.split()),
        no_spot="Standard_B1.*|.*_Promo",
    ),
    offers=frozenset(OPTIONAL),
    shared=shared,
    files=files_of,
    role=False,
    also=("az", "azurerm", "microsoft"),
)
