import Execution
import RunStore
import Testing

/// What Slurm's programs print, as they printed it.
struct SlurmTextTests {
    @Test func endingsAreReadFromWhateverKnowsThem() {
        let sacct = """
            12_3|NODE_FAIL|0:0|n1
            12_3|CANCELLED by 1000|0:15|n2
            12_3.batch|CANCELLED|0:15|n2
            12_30|COMPLETED|0:0|n1

            """
        #expect(
            SlurmEnding(sacct: sacct, task: "12_3")
                == SlurmEnding(state: "CANCELLED", node: "n2", exit: "0:15"))
        #expect(SlurmEnding(sacct: sacct, task: "12_4") == nil)
        #expect(SlurmEnding(sacct: "", task: "12_3") == nil)

        let scontrol =
            "JobId=1 ArrayJobId=1 ArrayTaskId=0 JobName=j.sh JobState=OUT_OF_MEMORY Reason=OutOfMemory ExitCode=0:125 RunTime=00:00:13 NodeList=n1 BatchHost=n1 Command=/tmp/j.sh"
        let ending = SlurmEnding(scontrol: scontrol)
        #expect(ending == SlurmEnding(state: "OUT_OF_MEMORY", node: "n1", exit: "0:125"))
        #expect(ending?.words == "OUT_OF_MEMORY on n1: resources: memory is too small")
        #expect(SlurmEnding(scontrol: "slurm_load_jobs error: Invalid job id specified") == nil)

        let completions = """
            JobId=1 UserId=root(0) GroupId=root(0) Name=j.sh JobState=NODE_FAIL Partition=debug NodeList=n1 ArrayJobId=1 ArrayTaskId=0 DerivedExitCode=0:0 ExitCode=0:0
            JobId=1 UserId=root(0) GroupId=root(0) Name=j.sh JobState=TIMEOUT Partition=debug NodeList=n2 ArrayJobId=1 ArrayTaskId=0 DerivedExitCode=0:0 ExitCode=0:15
            JobId=12 UserId=root(0) GroupId=root(0) Name=j.sh JobState=COMPLETED Partition=debug NodeList=n2 ArrayJobId=11 ArrayTaskId=0 DerivedExitCode=0:0 ExitCode=0:0

            """
        // The last end of a requeued task counts.
        #expect(
            SlurmEnding(jobCompletions: completions, job: "1", task: 0)
                == SlurmEnding(state: "TIMEOUT", node: "n2", exit: "0:15"))
        #expect(SlurmEnding(jobCompletions: completions, job: "1", task: 1) == nil)
        #expect(
            SlurmEnding(state: "FAILED", node: "(null)", exit: "1:0").words
                == "FAILED, exit code 1:0")
        #expect(SlurmEnding(state: "PREEMPTED", node: "n1", exit: "0:0").isOfMachine)
        #expect(!SlurmEnding(state: "CANCELLED", node: "n1", exit: "0:0").isOfMachine)
    }

    @Test func aJobThatTheNodeEndedForItsMemoryIsOutOfMemory() {
        var ending = SlurmEnding(state: "FAILED", node: "n1", exit: "0:9")
        ending.take(stepd: ["slurmstepd-n1: error: *** JOB 1 ON n1 CANCELLED AT 2026-11-26 ***"])
        #expect(ending.state == "FAILED")
        ending.take(stepd: ["slurmstepd-n1: error: Exceeded job memory limit"])
        #expect(ending.state == "OUT_OF_MEMORY")
        var cgroup = SlurmEnding(state: "FAILED", node: "n1", exit: "0:9")
        cgroup.take(stepd: [
            "slurmstepd: error: Detected 1 oom-kill event(s) in StepId=1.batch. Some of your processes may have been killed by the cgroup out-of-memory handler."
        ])
        #expect(cgroup.words == "OUT_OF_MEMORY on n1: resources: memory is too small")
    }

    @Test func aTaskIsKnownByItsVariables() {
        #expect(SlurmTask([:]) == nil)
        #expect(SlurmTask(["SLURM_JOB_ID": "7"])?.words == "7")
        let task = SlurmTask([
            "SLURM_JOB_ID": "15", "SLURM_ARRAY_JOB_ID": "12", "SLURM_ARRAY_TASK_ID": "3",
            "SLURMD_NODENAME": "n1", "SLURM_JOB_END_TIME": "1700000000",
        ])
        #expect(task?.words == "12_3 on n1")
        #expect(task?.end == 1_700_000_000)
    }

    @Test func noRunIsStartedThatReachesNoEnd() {
        let time = WallTime(seconds: 100, notice: 60, expected: 0)
        #expect(time.allowsAnother() && time.allowsAnother())
        time.take(seconds: 50)
        #expect(!time.hasRefused)
        #expect(!time.allowsAnother())
        #expect(time.hasRefused)
        // No later job has more time for the first.
        #expect(WallTime(seconds: 10, notice: 60, expected: 1000).allowsAnother())
    }

    @Test func twoStopsInTurnWithoutANewCheckpointAreHopeless() {
        var stops = TaskStops()
        func add(_ checkpoint: String) -> Bool {
            stops.add(TaskStops.Stop(task: "1_0 on n1", checkpoint: checkpoint))
            return stops.isHopeless
        }
        #expect(!add("") && !add("a") && !add("b") && !add("b"))
        #expect(add("b"))
        stops = TaskStops()
        #expect(!add("") && add(""))
    }

    @Test func theQuotaOfAFolderIsThatOfItsFileSystem() {
        let text = """
            Disk quotas for user ada (uid 1000):
                 Filesystem   space   quota   limit   grace   files   quota   limit   grace
                      /home  900000  1000000 1200000       0      10       0       0       0
                   /scratch  500*        0       0       0      10       0       0       0
                 /home/big      10       0    1000       0      10       0       0       0
            """
        #expect(DiskSpace.remaining(quota: text, path: "/home/ada/study") == 300_000 * 1024)
        #expect(DiskSpace.remaining(quota: text, path: "/home/big/x") == 990 * 1024)
        #expect(DiskSpace.remaining(quota: text, path: "/scratch/x") == nil)
        #expect(DiskSpace.remaining(quota: text, path: "/homeless") == nil)
    }
}
