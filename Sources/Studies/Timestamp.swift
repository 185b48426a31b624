import Foundation

extension Date {
    /// A time as it is recorded: ISO 8601, with fractions of a second or without.
    package init?(timestamp: String) {
        let styles = [
            Date.ISO8601FormatStyle(includingFractionalSeconds: true), Date.ISO8601FormatStyle(),
        ]
        // A record of neither form has no time.
        for style in styles {
            if let date = try? Date(timestamp, strategy: style) {
                self = date
                return
            }
        }
        return nil
    }
}
