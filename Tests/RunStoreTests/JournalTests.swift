import Foundation
import RunStore
import Studies
import Testing

private func scratchFile() -> URL {
    FileManager.default.temporaryDirectory.appending(
        path: "viseme-test-\(UUID().uuidString)/run.journal")
}

private let records: [Journal.Record] = [
    .begun(number: 1, started: "2026-01-01T00:00:00Z", epochs: 3),
    .epoch(1, values: ["loss": "0.1", "a/b": "nan"], seconds: 0.5),
    .epoch(2, values: ["loss": "inf"], seconds: 1),
    .failed(reason: "ended with exit status 1\n\"quoted\""),
]

@Test func aJournalGivesBackItsRecordsAndGoesOn() throws {
    let file = scratchFile()
    defer { try? FileManager.default.removeItem(at: file.deletingLastPathComponent()) }
    do { try Journal(file).append(Array(records.prefix(2))) }
    do { try Journal(file).append(Array(records.suffix(2))) }
    #expect(Journal.read(file) == records)
    let progress = RunProgress(Journal.read(file))
    #expect(progress.epoch == 2 && progress.epochs == 3 && progress.attempt == 1)
    #expect(progress.values[1]?["loss"] == 0.1 && progress.values[1]?["a/b"]?.isNaN == true)
    #expect(progress.failures.count == 1)
}

@Test func aTornOrDamagedRecordIsNeverReadAndIsCutOff() throws {
    let file = scratchFile()
    defer { try? FileManager.default.removeItem(at: file.deletingLastPathComponent()) }
    do { try Journal(file).append(records) }
    let whole = [UInt8](try Data(contentsOf: file))
    let ends = whole.indices.filter { whole[$0] == UInt8(ascii: "\n") }
    for length in whole.indices {
        try Data(whole.prefix(length)).write(to: file)
        let complete = ends.count { $0 < length }
        #expect(Journal.read(file) == Array(records.prefix(complete)), "torn at \(length)")
    }
    for place in whole.indices {
        var bytes = whole
        bytes[place] ^= 4
        try Data(bytes).write(to: file)
        let before = ends.count { $0 < place }
        #expect(Journal.read(file).count <= max(before, records.count - 1), "flipped at \(place)")
        #expect(
            Journal.read(file) == Array(records.prefix(Journal.read(file).count)),
            "flipped at \(place)")
    }
    try Data(whole.dropLast(3)).write(to: file)
    do { try Journal(file).append([records[3]]) }
    #expect(Journal.read(file) == records)
}

@Test func aJournalClaimsItsRunAsLongAsItsWriterLives() throws {
    let file = scratchFile()
    defer { try? FileManager.default.removeItem(at: file.deletingLastPathComponent()) }
    #expect(!Journal.isClaimed(file))
    var journal: Journal? = try Journal(file)
    #expect(Journal.isClaimed(file))
    #expect(throws: Journal.Claimed.self) { try Journal(file) }
    journal?.remove()
    journal = nil
    #expect(!Journal.isClaimed(file))
}
