import Execution
import Foundation
import Studies
import Testing

@Test func theTailIsTheLastLinesAsPlainText() async {
    let tail = OutputTail()
    for number in 1...5000 { await tail.take(Array("line \(number)\n".utf8)) }
    await tail.take(Array("10%\r50%\r\u{1B}[32m100%\u{1B}[0m done\n".utf8) + [0xFF, 0x00, 0x41])
    await tail.end()
    let lines = await tail.text.split(separator: "\n")
    #expect(
        lines.count == 40 && lines[37] == "line 5000" && lines[38] == "100% done"
            && lines[39] == "\u{FFFD}A")
}

@Test func linesAreHandedOutHoweverTheyArrive() async {
    let seen = Locked<[String]>([])
    let tail = OutputTail { line in
        seen.withLock { $0.append(line) }
        return line.hasPrefix("event")
    }
    for byte in Array("event 1\nplain\nevent 2".utf8) { await tail.take([byte]) }
    await tail.end()
    #expect(seen.withLock { $0 } == ["event 1", "plain", "event 2"])
    #expect(await tail.text == "plain")
}

@Test func aHugeLineIsNotKept() async {
    let tail = OutputTail()
    for _ in 0..<200 { await tail.take([UInt8](repeating: 0x41, count: 1 << 16)) }
    #expect(await tail.text.utf8.count <= 2000)
}
