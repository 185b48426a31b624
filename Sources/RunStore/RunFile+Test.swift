import Files
import Studies

extension RunFile {
    static func writeTest(_ test: TestResult, _ classes: [String], _ root: HDF5Group)
        throws
    {
        let group = try root.makeGroup("test")
        try group.write("loss", [test.loss], shape: [])
        try group.write("accuracy", [test.accuracy], shape: [])
        let confusion = try group.write(
            "confusion", test.confusion.flatMap { $0 },
            shape: [classes.count, classes.count])
        for (dimension, name) in ["true_class", "predicted_class"].enumerated() {
            let scale = try group.write(name, classes, shape: [classes.count])
            try scale.makeScale(name)
            try confusion.attach(scale, dimension: dimension)
        }
        try confusion.setAttribute(
            "long_name", "clips by true class (rows) and predicted class (columns)")
    }

    static func readTest(_ group: HDF5Group, _ classes: Int) throws -> TestResult {
        let counts = try group.dataset("confusion").integers()
        guard counts.count == classes * classes,
            let loss = try group.dataset("loss").doubles().first,
            let accuracy = try group.dataset("accuracy").doubles().first
        else { throw HDF5Error(action: "read /test", reason: "its parts are inconsistent") }
        return TestResult(
            loss: loss, accuracy: accuracy,
            confusion: (0..<classes).map { Array(counts[$0 * classes..<($0 + 1) * classes]) })
    }
}
