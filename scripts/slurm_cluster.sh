#!/usr/bin/env bash
# A private Slurm of two nodes on this machine, for tests: it listens on loopback only, and all its files are in a folder.
#   slurm_cluster.sh start FOLDER   prints the value of SLURM_CONF
#   slurm_cluster.sh stop FOLDER
set -euo pipefail
folder=$2
host=$(hostname -s)

start() {
    for program in slurmctld slurmd sbatch squeue munged; do
        command -v $program >/dev/null || PATH=$PATH:/usr/sbin command -v $program >/dev/null || {
            echo "slurm_cluster: $program is missing (packages slurm-wlm, munge)" >&2
            exit 2
        }
    done
    mkdir -p "$folder/state" "$folder/spool"
    # One munged serves all clusters of a machine. A socket may have outlived its munged.
    if ! timeout 5 munge --no-input >/dev/null 2>&1; then
        mkdir -p /run/munge && chown munge: /run/munge
        runuser -u munge -- munged --force >/dev/null 2>&1
        timeout 5 munge --no-input >/dev/null || { echo "slurm_cluster: munged does not answer" >&2; exit 1; }
    fi
    port=$((20000 + $$ % 20000))
    cat >"$folder/slurm.conf" <<END
ClusterName=test
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$port
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool/%n
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd-%n.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=1,sched_min_interval=100000,batch_sched_delay=1
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/filetxt
JobCompLoc=$folder/jobcomp.txt
SlurmdParameters=config_overrides
SlurmdTimeout=10
KillWait=5
MinJobAge=60
NodeName=n1 NodeHostname=$host NodeAddr=127.0.0.1 Port=$((port + 1)) CPUs=2 RealMemory=4000 State=UNKNOWN
NodeName=n2 NodeHostname=$host NodeAddr=127.0.0.1 Port=$((port + 2)) CPUs=2 RealMemory=4000 State=UNKNOWN
PartitionName=debug Nodes=n1,n2 Default=YES MaxTime=INFINITE State=UP
END
    export SLURM_CONF=$folder/slurm.conf PATH=$PATH:/usr/sbin
    for daemon in slurmctld "slurmd -N n1" "slurmd -N n2"; do
        timeout 20 $daemon >/dev/null 2>&1 || { echo "slurm_cluster: $daemon does not start" >&2; fail; }
    done
    until [ "$(timeout 5 sinfo -h -o %T 2>/dev/null | sort -u)" = idle ]; do
        [ $SECONDS -lt 60 ] || { echo "slurm_cluster: the nodes do not become idle" >&2; fail; }
        sleep 0.2
    done
    until [ -f "$folder/slurmctld.pid" ]; do sleep 0.1; done
    echo "$SLURM_CONF"
}

# Shows what the daemons wrote, ends them, and fails.
fail() {
    tail -n 20 "$folder"/*.log >&2
    stop
    exit 1
}

# Ends the daemons. A killed slurmctld loses nothing here, and one that ends by itself takes seconds.
stop() {
    for file in "$folder"/*.pid; do
        [ -f "$file" ] && kill -KILL "$(cat "$file")" 2>/dev/null
    done
    return 0
}

"$1"
