import Foundation
import Studies

/// The form of a recipe as JSON Schema (draft 7), for editors: made of the same definitions as the
/// checks.
package enum RecipeSchema {
    package static func json(_ parameters: ParameterSchema) throws -> String {
        let keys = RecipeKey.all.map { ($0.name, described($0.schema, $0.meaning)) }
        // A file of configuration keys alone is a recipe of one run.
        let settings =
            try object(settingsSchema(parameters, isSweep: false))["properties"] as? [String: Any]
            ?? [:]
        var properties = settings
        for (name, schema) in keys { properties[name] = try object(schema) }
        let root: [String: Any] = [
            "$schema": "http://json-schema.org/draft-07/schema#", "title": "A recipe of Viseme",
            "type": "object",
            "properties": properties, "additionalProperties": false,
            "definitions": [
                // A command's keys are its own.
                "settings": ["type": "object"], "sweep": ["type": "object"],
                "configuration": try object(settingsSchema(parameters, isSweep: false)),
                "configurationSweep": try object(settingsSchema(parameters, isSweep: true)),
            ],
            "if": ["not": ["required": ["trainer"]]],
            "then": [
                "properties": [
                    "set": ["$ref": "#/definitions/configuration"],
                    "sweep": ["$ref": "#/definitions/configurationSweep"],
                ]
            ],
        ]
        let data = try JSONSerialization.data(
            withJSONObject: root, options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
        return String(decoding: data, as: UTF8.self) + "\n"
    }

    private static func object(_ json: String) throws -> [String: Any] {
        try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any] ?? [:]
    }

    private static func described(_ schema: String, _ meaning: String) -> String {
        "{\"description\":\(jsonString(meaning)),\(schema.dropFirst())"
    }

    /// All configuration keys, nested ones as objects in objects.
    private static func settingsSchema(_ parameters: ParameterSchema, isSweep: Bool) -> String {
        var plain: [(String, String)] =
            isSweep
            ? [("seeds", #"{"type":"integer","minimum":1,"description":"seeds 1 to this"}"#)] : []
        var groups: [(name: String, members: [(String, String)])] = []
        for key in parameters.parameters {
            let schema =
                isSweep
                ? axis(key)
                : described(
                    "{\"anyOf\":[\(value(key)),\(elsewhere)]}", "\(key.meaning) (\(key.rule))")
            let parts = key.name.split(separator: ".", maxSplits: 1).map(String.init)
            plain.append((key.name, schema))
            guard parts.count == 2 else { continue }
            if let index = groups.firstIndex(where: { $0.name == parts[0] }) {
                groups[index].members.append((parts[1], schema))
            } else {
                groups.append((parts[0], [(parts[1], schema)]))
            }
        }
        for group in groups {
            let object = mapping(group.members)
            plain.append(
                (
                    group.name,
                    isSweep
                        ? "{\"anyOf\":[\(object),{\"type\":\"array\",\"items\":{\"type\":\"object\"}}]}"
                        : "{\"anyOf\":[\(object),{\"type\":\"null\"}]}"
                ))
        }
        return mapping(plain)
    }

    /// Deleted, or taken from elsewhere.
    private static let elsewhere = #"{"type":"null"},{"type":"string","pattern":"\\$\\{"}"#

    private static func mapping(_ members: [(String, String)]) -> String {
        "{\"type\":\"object\",\"properties\":{\(members.map { jsonString($0.0) + ":" + $0.1 }.joined(separator: ","))},\"additionalProperties\":false}"
    }

    private static func value(_ key: Parameter) -> String {
        switch key.kind {
        case .bool: #"{"type":"boolean"}"#
        case .integers(let known):
            "{\"enum\":[\(known.map { String($0.value) }.joined(separator: ","))]}"
        case .integer(let range):
            "{\"type\":\"integer\",\"minimum\":\(range.lowerBound)\(range.upperBound == Int.max ? "" : ",\"maximum\":\(range.upperBound)")}"
        case .integer64(let isSigned):
            "{\"type\":\"integer\",\"minimum\":\(isSigned ? Int64.min : 0),\"maximum\":\(UInt64.max)}"
        case .number(let range, let belowUpper):
            "{\"type\":\"number\",\"minimum\":\(shortest(range.lowerBound))"
                + (range.upperBound >= 1e6
                    ? ""
                    : ",\"\(belowUpper ? "exclusiveMaximum" : "maximum")\":\(shortest(range.upperBound))")
                + "}"
        case .text: #"{"type":"string"}"#
        case .choice(let names): "{\"enum\":[\(names.map(jsonString).joined(separator: ","))]}"
        case .format(let format): "{\"type\":\"string\",\"pattern\":\(jsonString(format.pattern))}"
        case .texts(let count):
            "{\"type\":\"array\",\"items\":{\"type\":\"string\"}\(count.map { ",\"minItems\":\($0),\"maxItems\":\($0)" } ?? "")}"
        case .any: "{}"
        }
    }

    private static func axis(_ key: Parameter) -> String {
        let list = "{\"type\":\"array\",\"minItems\":1,\"items\":\(value(key))}"
        let range =
            #"{"type":"object","required":["from","to","step"],"additionalProperties":{"type":"number"}}"#
        let spread =
            #"{"type":"object","required":["distribution"],"properties":{"distribution":{"enum":["uniform","log","int_uniform","normal","choice"]},"min":{"type":"number"},"max":{"type":"number"},"mean":{"type":"number"},"std":{"type":"number"},"mu":{"type":"number"},"sigma":{"type":"number"},"count":{"type":"integer","minimum":1},"values":{"type":"array"}},"additionalProperties":false}"#
        return described("{\"anyOf\":[\(list),\(range),\(spread)]}", "\(key.meaning) (\(key.rule))")
    }
}
