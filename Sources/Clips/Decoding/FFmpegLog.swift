/// What ffmpeg writes to standard error, each line with its level.
struct FFmpegLog {
    private let lines: [Substring]

    init(_ text: String) {
        lines = text.split(whereSeparator: \.isNewline)
    }

    /// What is wrong with an input, in ffmpeg's words; nil where nothing is. Some damage it only
    /// reports, and continues.
    var problem: String? {
        let problems = lines.filter { line in
            (line.contains("[error] ") || line.contains("[fatal] "))
                // Of what it writes, not of what it reads.
                && !["yuv4mpegpipe @", "rawvideo @", "[vost#", "[out#"].contains(
                    where: line.contains)
        }
        guard
            let problem = problems.first(where: { !$0.hasPrefix("[error] Error") })
                ?? problems.first
        else {
            return nil
        }
        let words = problem.replacing(#/^(\[[^\]]*\] )+/#, with: "").replacing(
            #/file:[^ ]*: /#, with: "")
        if words.contains("matches no streams") { return "it holds no video" }
        if words.contains("Format not on whitelist") {
            return
                "it is no video file (a playlist or a manifest names other files, which are not read)"
        }
        return String(words.prefix(200))
    }

    /// Whether what went wrong is the machine's: no memory, no room, no right.
    var isOfMachine: Bool {
        let reasons = [
            "Cannot allocate memory", "No space left on device", "Disk quota exceeded",
            "Too many open files", "Resource temporarily unavailable", "Read-only file system",
            "Permission denied", "No such file or directory", "Stale file handle",
        ]
        return lines.contains { line in
            (line.contains("[error] ") || line.contains("[fatal] "))
                && reasons.contains(where: line.contains)
        }
    }

    /// The colour matrix of each input's first video stream: BT.709 where the file says so.
    func matrices(_ count: Int) -> [Y4M.Matrix] {
        var found = [Y4M.Matrix?](repeating: nil, count: count)
        for line in lines {
            if line.contains("Stream mapping:") { break }
            guard let match = line.firstMatch(of: #/Stream #([0-9]+):[0-9]+.*: Video: .*/#),
                let input = Int(match.1),
                found.indices.contains(input), found[input] == nil
            else { continue }
            // yuv420p(tv, bt709/…, progressive): matrix, primaries and transfer, or one word where
            // all are the same.
            found[input] = match.0.contains(#/\((tv, |pc, )?bt709[/,)]/#) ? .bt709 : .bt601
        }
        return found.map { $0 ?? .bt601 }
    }
}
