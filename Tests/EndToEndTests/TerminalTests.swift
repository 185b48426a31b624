import Foundation
import Studies
import Testing

/// What a person sees on a terminal, by the program `script` of util-linux.
@Suite(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/script")))
struct TerminalTests {
    private func shown(
        _ program: Program, _ arguments: String, columns: Int, noColour: Bool = false
    ) async throws -> [String] {
        let colour = noColour ? "NO_COLOR=1" : "NO_COLOR="
        let line =
            "stty cols \(columns) rows 40; TERM=xterm \(colour) '\(Program.url.path)' \(arguments)"
        let ending = try await program.run(command: ["script", "-qec", line, "/dev/null"])
        return ending.output.replacing("\r\n", with: "\n").components(separatedBy: "\n")
    }

    @Test func nothingWrapsAndLabelsStayDistinct() async throws {
        let program = try Program([
            "r.yaml": """
            trainer:
              command: [sh, -c, 'echo "{\\"epoch\\": 1, \\"val_accuracy\\": 0.5}" >> $VISEME_METRICS']
            set: {learning_rate_of_the_decoder: 0.1, augmentation: none}
            sweep:
              learning_rate_of_the_decoder: [0.0001, 0.0003, 0.001]
              augmentation: [flip_and_crop, mixup_and_crop]
              seed: [1, 2]
            """
        ])
        defer { program.close() }
        #expect(try await program.run("sweep", "r.yaml").status == .exited(0))
        for columns in [80, 120] {
            for command in ["status results/r", "plan r.yaml", "report results/r --section trials"]
            {
                let lines = try await shown(program, command, columns: columns, noColour: true)
                #expect(lines.count > 12, "\(lines)")
                for line in lines {
                    #expect(line.displayColumns <= columns, "\(command): \(line)")
                    #expect(!line.contains("\u{1B}"), "NO_COLOR: \(line)")
                }
                if command.hasPrefix("status") {
                    let rows = lines.filter { $0.contains(" completed ") }
                    #expect(Set(rows.map { $0.dropFirst(4) }).count == 12, "\(rows)")
                }
            }
        }
        let coloured = try await shown(program, "status results/r", columns: 80)
        #expect(coloured.contains { $0.contains("\u{1B}[32mcompleted\u{1B}[0m") })
        // A file or a pipe gets every column, whole, without marks.
        let piped = try await program.run("status", "results/r")
        #expect(
            piped.output.contains(
                "learning_rate_of_the_decoder=0.0001,augmentation=flip_and_crop,seed=1   completed")
                && !piped.output.contains("\u{1B}"))
    }

    @Test func aPlanBeginsWithItsSize() async throws {
        let program = try Program([
            "r.yaml": """
            trainer: {command: [sh, -c, "true"]}
            set: {a: 1, b: 1}
            sweep: {a: [1, 2, 3], b: [4, 5], seed: [1, 2, 3, 4]}
            """
        ])
        defer { program.close() }
        let plan = try await program.run("plan", "r.yaml")
        #expect(
            plan.output.hasPrefix("24 runs: 6 trials × 4 seeds; a 3 values, b 2 values\n"),
            "\(plan.output)")
    }
}
