import ArgumentParser
import Execution
import Foundation
import Recipes
import Studies

/// The last message of a program that ends with an error, and its exit status.
enum ErrorMessage {
    /// Writes the message.
    static func report(_ error: any Error) -> ExitStatus {
        if let status = error as? ExitStatus { return status }
        if let error = error as? any UserError {
            // Each mistake of a recipe has a place of its own.
            complain(error is RecipeMistakes ? "\(error)" : "viseme: error: \(error)")
            return error.exitStatus
        }
        if Viseme.exitCode(for: error).isSuccess {
            // Help, or the version.
            print(Viseme.fullMessage(for: error))
            return .completed
        }
        let (names, known) = command(CommandLine.arguments)
        var message = commandLineMessage(error)
        // A misspelt command is an unexpected argument.
        if known.count > 0, message.contains("unexpected argument"),
            CommandLine.arguments.count > names.count,
            let hint = nearest(CommandLine.arguments[names.count], in: known)
        {
            message += ": did you mean \(hint)?"
        }
        message += optionHint(message)
        complain("viseme: error: \(message)\n  see: \(names.joined(separator: " ")) --help")
        return .wrong
    }

    /// What an option that is none was probably meant to be.
    private static func optionHint(_ message: String) -> String {
        guard let match = message.firstMatch(of: /[Uu]nknown option '--?([A-Za-z][A-Za-z0-9._-]*)/)
        else { return "" }
        let name = String(match.1)
        if ["dry-run", "dryrun", "dry_run"].contains(name) {
            return ": `viseme plan` lists the runs and trains nothing"
        }
        if ["multirun", "m"].contains(name) {
            return ": a list is swept without it: 'lr=[0.1,0.01]'"
        }
        let key = name.replacing("-", with: "_")
        let schema = TrainerCatalog.declarations.builtIn.schema
        let known = schema.parameters.map(\.name)
        guard let meant = known.first(where: { $0 == key }) ?? nearest(key, in: known) else {
            return ""
        }
        return ": keys are given without dashes: \(meant)=…"
    }

    /// A message as ours are: no capital, no full stop.
    private static func commandLineMessage(_ error: any Error) -> String {
        var message = Viseme.message(for: error)
        if message.hasSuffix(".") { message.removeLast() }
        guard let first = message.first, first.isUppercase,
            message.dropFirst().first?.isLowercase ?? false
        else {
            return message
        }
        return first.lowercased() + message.dropFirst()
    }

    /// The command that was given, as far as it is known, and the names of its subcommands:
    /// `viseme data info`, and none.
    private static func command(_ arguments: [String]) -> (names: [String], subcommands: [String]) {
        var names = ["viseme"]
        var command: any ParsableCommand.Type = Viseme.self
        for argument in arguments.dropFirst() where !argument.hasPrefix("-") {
            let next = command.configuration.subcommands.first { name($0) == argument }
            guard let next else { break }
            names.append(argument)
            command = next
        }
        return (names, command.configuration.subcommands.map(name))
    }

    private static func name(_ command: any ParsableCommand.Type) -> String {
        command.configuration.commandName ?? "\(command)".lowercased()
    }
}
