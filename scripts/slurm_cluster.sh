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
    # One munged serves all clusters of a machine.
    if [ ! -S /run/munge/munge.socket.2 ]; then
        mkdir -p /run/munge && chown munge: /run/munge
        runuser -u munge -- munged
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
    slurmctld >/dev/null 2>&1
    slurmd -N n1 >/dev/null 2>&1
    slurmd -N n2 >/dev/null 2>&1
    for _ in $(seq 100); do
        [ "$(sinfo -h -o %T 2>/dev/null | sort -u)" = idle ] && { echo "$SLURM_CONF"; exit 0; }
        sleep 0.2
    done
    echo "slurm_cluster: the nodes do not become idle" >&2
    stop
    exit 1
}

stop() {
    for file in "$folder"/*.pid; do
        [ -f "$file" ] && kill "$(cat "$file")" 2>/dev/null
    done
    return 0
}

"$1"
