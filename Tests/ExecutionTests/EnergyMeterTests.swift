import Execution
import Foundation
import Studies
import Testing

@Test func energyIsReadWhereTheMachineTells() throws {
    let folder = FileManager.default.temporaryDirectory.appending(
        path: "viseme-test-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    #expect(EnergyMeter(folder: folder).joules == nil)
    func set(_ package: String, _ value: Int) throws {
        let place = folder.appending(path: package)
        try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
        try Data("\(value)\n".utf8).write(to: place.appending(path: "energy_uj"))
        try Data("10000000\n".utf8).write(to: place.appending(path: "max_energy_range_uj"))
    }
    // Parts of a package are in its number; a counter may begin again.
    for (package, value) in [
        ("intel-rapl:0", 1_000_000), ("intel-rapl:0:0", 5), ("intel-rapl:1", 9_000_000),
    ] {
        try set(package, value)
    }
    let meter = EnergyMeter(folder: folder)
    for (package, value) in [
        ("intel-rapl:0", 3_500_000), ("intel-rapl:0:0", 900_000), ("intel-rapl:1", 500_000),
    ] {
        try set(package, value)
    }
    #expect(meter.joules == 2.5 + 1.5)
}
