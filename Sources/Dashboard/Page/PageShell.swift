import Foundation

/// The files that pages are made of: `page.js` and `page.css`, inside the program.
enum PageFiles {
    static let script = PackageResources.page_js
    static let style = PackageResources.page_css
}

/// The page before its script has run.
enum PageShell {
    static func reply(title: String, notesToken: String?) -> HTTPReply {
        let policy =
            "default-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        return HTTPReply(
            .ok, "text/html; charset=utf-8", Array(text(title: title, notesToken: notesToken).utf8),
            headers: [("Content-Security-Policy", policy)])
    }

    private static func text(title: String, notesToken: String?) -> String {
        let token = notesToken.map { "<meta name=\"viseme-notes\" content=\"\($0)\">" } ?? ""
        return page(
            title: title,
            head:
                "<link rel=\"stylesheet\" href=\"/page.css\">\(token)<script src=\"/page.js\" defer></script>",
            body: ""
        )
    }

    static let icon =
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'><path d='M1 12 6 5l4 4 5-7' fill='none' stroke='#0072b2' stroke-width='2.4'/></svg>"

    /// - Parameters:
    ///   - head: style and script.
    ///   - body: what follows the place that the script fills.
    static func page(title: String, head: String, body: String) -> String {
        let icon = icon.replacing("<", with: "%3C").replacing(">", with: "%3E").replacing(
            "#", with: "%23")
        return """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <title>\(escaped(title)) · Viseme</title>
            <link rel="icon" href="data:image/svg+xml,\(icon)">
            \(head)
            </head>
            <body>
            <main id="app"><p class="loading">Loading…</p></main>
            <noscript><p>This page needs JavaScript. <a href="/plain">All studies as plain pages</a></p></noscript>
            \(body)
            </body>
            </html>

            """
    }

    static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
            .replacing("\"", with: "&quot;")
    }
}
