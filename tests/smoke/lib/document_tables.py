# smoke: what the test of documents knows of single commands: which cannot run in a lab and who runs them, where each document's
# run, what they end with.
from dataclasses import dataclass


@dataclass
class Elsewhere:
    """Commands of this form cannot run in a lab. test: a file that runs them, and has the words; without one none does, as why says."""
    command: str  # * stands for any text
    why: str
    test: str = ""
    words: str = ""


INSTALLS, SYSTEMD, BUILDS = "installs packages", "needs systemd", "builds for minutes"
ELSEWHERE = [
    Elsewhere("sudo deploy/demo --keep", "is the demo, and stays", "tests/smoke/demo.sh", "\"$demo\" --keep"),
    Elsewhere("sudo deploy/demo", "is a lab of its own", "tests/smoke/demo.sh", "deploy/demo"),
    Elsewhere("sudo tests/run", "runs this test"),
    Elsewhere("tests/run --quick", "runs this test"),
    Elsewhere("deploy/deps && deploy/build", BUILDS, "tests/suites.py", '"deploy/build"'),
    Elsewhere("deploy/deps package && deploy/package", BUILDS, "tests/package/run", "deploy/package"),
    Elsewhere("deploy/build -t tests/cases/case-runner", BUILDS, "tests/cases/meson.build", "executable('case-runner'"),
    Elsewhere("deploy/build -t tests/unit/extract/unit-extract", BUILDS, "tests/unit/extract/meson.build", "executable('unit-extract'"),
    Elsewhere("ninja -C build control/sluicectl", BUILDS, "deploy/build", "ninja -C"),
    Elsewhere("build/tests/cases/case-runner *", "is built on demand", "tests/cases/meson.build", "test('case-' + group, case_runner"),
    Elsewhere("build/tests/unit/extract/unit-extract *", "is built on demand", "tests/unit/extract/meson.build", "test('unit-extract'"),
    Elsewhere("build/dataplane/boot/sluice-dataplane --pair *", "takes cards, and stays", "tests/smoke/ports.sh", "lab_gateway_start"),
    Elsewhere("build/control/sluice-control --policies policies", "stays", "deploy/demo.d/lab.sh", 'sluice-control" --policies'),
    Elsewhere("sluice-control --policies /etc/sluice/policies *", "stays", "tests/smoke/documents.sh", "sluice-control --policies /etc/sluice/policies"),
    Elsewhere("bench/run --quick", "takes minutes", "tests/smoke/lib/bench.py", "programs.captures("),
    Elsewhere("tests/evasion/run", "takes minutes", "tests/suites.py", '"tests/evasion/run"'),
    Elsewhere("tests/evasion/run --only *", "is a part of that"),
    Elsewhere("tests/evasion/run --bare", "takes minutes"),
    Elsewhere("EVASION_KEEP=1 tests/evasion/run", "takes minutes, and stays"),
    Elsewhere("tests/schema/table.py --write", "writes into the checkout", "tests/schema/schema_test.py", "import table"),
    Elsewhere("apt install ./sluice_NEW_amd64.deb", INSTALLS, "tests/package/inside", 'got install "$second"'),
    Elsewhere("apt install ./sluice_*_amd64.deb", INSTALLS, "tests/package/inside", 'got install "$first"'),
    Elsewhere("apt remove sluice", INSTALLS, "tests/package/inside", "got remove sluice"),
    Elsewhere("apt purge sluice", INSTALLS, "tests/package/inside", "got purge sluice"),
    Elsewhere("apt-get install prometheus", INSTALLS, "deploy/deps", "prometheus"),
    Elsewhere("usermod -aG sluice-read,sluice-admin li.wei", "changes the host's users", "tests/package/inside", "usermod -aG sluice-read,sluice-admin li.wei"),
    Elsewhere("usermod -aG sluice-read,sluice-audit zhao.lei", "changes the host's users", "tests/package/inside", "usermod -aG sluice-read,sluice-audit zhao.lei"),
    Elsewhere("openssl s_client -quiet *", "asks from another machine", "tests/smoke/api.sh", "openssl s_client -quiet -no_ign_eof"),
    Elsewhere("sluice-setup --pair iplc-sg ens1f0 ens1f1 *", "takes cards", "tests/smoke/host_setup.sh", "--pair iplc-sg ens1f0 ens1f1 --fail closed --workers 2"),
    Elsewhere("sluice-setup --driver af_xdp", "takes cards", "tests/package/booted", "--driver af_xdp"),
    Elsewhere("sluice-setup --undo", "gives ports back", "tests/package/booted", "sluice-setup --undo"),
    Elsewhere("sluice-selftest *", "takes two ports and a cable", "tests/smoke/selftest.sh", '"$selftest" va vb'),
    Elsewhere("systemctl enable --now sluice", SYSTEMD, "tests/package/booted", "systemctl enable --now sluice"),
    Elsewhere("systemctl disable --now sluice", SYSTEMD, "tests/package/booted", "systemctl disable --now sluice"),
    Elsewhere("systemctl restart sluice-control", SYSTEMD, "tests/package/booted", "systemctl restart sluice-control"),
    Elsewhere("systemctl restart sluice", SYSTEMD, "tests/package/booted", "systemctl restart sluice"),
    Elsewhere("systemctl edit sluice-control", SYSTEMD + ", and an editor"),
    Elsewhere("systemctl status sluice-control", SYSTEMD, "tests/package/booted", "systemctl status sluice-control"),
    Elsewhere("journalctl -u sluice-dataplane", SYSTEMD, "tests/package/booted", "journalctl -u sluice-dataplane"),
    Elsewhere("systemctl reload prometheus", SYSTEMD),
    Elsewhere("promtool test rules tests/*.yml", "takes ten seconds", "tests/smoke/dashboards.sh", "promtool_says test rules"),
    Elsewhere("grafana-cli *", "Debian has no Grafana"),
    Elsewhere("systemctl restart grafana-server", "Debian has no Grafana"),
    Elsewhere("apt install keepalived rsync", INSTALLS, "deploy/deps", "keepalived rsync"),
    Elsewhere("cp /usr/share/sluice/pair/keepalived.conf *", "changes the host's keepalived", "tests/smoke/pair_lead.sh", "deploy/host/keepalived.conf"),
    Elsewhere("systemctl edit sluice-dataplane", SYSTEMD + ", and an editor"),
    Elsewhere("systemctl enable --now sluice keepalived", SYSTEMD),
    Elsewhere("adduser * sluice-copy", "changes the host's users"),
    Elsewhere("adduser sluice-copy sluice-read", "changes the host's users"),
    Elsewhere("sluicectl feeds accept malware *", "needs a server of lists that grew", "tests/smoke/feeds.sh", "feeds accept"),
    Elsewhere("policy-model *", "is built on demand", "tests/model/meson.build", "test('policy-model'"),
]

# Blocks in which nothing is a command, by their first words; drawings, YAML, JSON, XML and SQL tell themselves.
NO_COMMANDS = {
    ("control/pseudonyms/README.md", "K  "),
    ("policies/README.md", "example.com  "),
    ("deploy/INSTALL.md", 'OPTIONS="--api-tls'),
    ("deploy/PAIR.md", "[Service]"),
    ("docs/developer.md", 'source "$(dirname "$0")/lib/smoke.bash"'),
}

# Names of commands that their documents mean as names, where others of these documents are to be typed as they stand.
NAMES = {"sluicectl apply"}
# Those that are typed as they stand wherever they stand, though they consist of names alone.
TYPED = {"apt remove sluice", "systemctl edit sluice-control", "systemctl restart sluice-control"}

# Where a document's commands are typed: a folder of the checkout, or an absolute one. Else at the top of the checkout.
FOLDERS = {
    "deploy/prometheus/README.md": "deploy/prometheus",
    "deploy/grafana/README.md": "deploy/grafana",
    "control/report/README.md": "/var/log/sluice",
    "control/segment/README.md": "/var/log/sluice",
}

# The month that documents speak of is the one whose records are here; what is to be over already keeps its own.
MONTH, OVER = "2026-11", "sluicectl review"

# What somebody has done before, of whom the document speaks.
BEFORE = {
    "control/evidence/README.md": "sluicectl evidence --since 1d --until 0s -o e.tar.zst && tar --zstd -xf e.tar.zst",
    "control/disclosure/README.md": "sluicectl logs disclose --from 10.20.1.7 --case c --out case.jsonl && cp /var/log/sluice/heads.jsonl .",
}
