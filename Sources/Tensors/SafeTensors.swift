import Foundation

/// Tensors in the safetensors format: eight bytes with the length of a JSON header, the header, then little-endian numbers.
public enum SafeTensors {
    public static func write(_ tensors: [Tensor], to path: String) throws {
        var header: [String: Any] = [:]
        var data = Data()
        for tensor in tensors {
            let start = data.count
            for value in tensor.values {
                withUnsafeBytes(of: value.bitPattern.littleEndian) { data.append(contentsOf: $0) }
            }
            header[tensor.name] = ["dtype": "F32", "shape": tensor.shape, "data_offsets": [start, data.count]]
        }
        let json = try JSONSerialization.data(withJSONObject: header, options: [.sortedKeys])
        var file = withUnsafeBytes(of: UInt64(json.count).littleEndian) { Data($0) }
        file += json
        file += data
        try file.write(to: URL(filePath: path))
    }
}
