import Files
import Foundation
import Tensors

/// Arrays of a `.npz` file, as `numpy.savez` and `savez_compressed` write it: a ZIP file with one
/// `.npy` file for each array (NEP 1). Arrays of Python objects are pickles: they are refused, and
/// nothing is ever unpickled.
enum NumPyArchive {
    /// Why a file is not read.
    struct Problem: Error, CustomStringConvertible {
        let description: String
    }

    /// All arrays, sorted by the bytes of their names.
    /// - Throws: `Problem` where it is no such file, or an array is not of numbers or truth values.
    static func read(_ file: URL) throws(Problem) -> [Tensor] {
        var files: [(name: String, content: [UInt8])] = []
        do throws(ZipArchive.Problem) {
            let archive = try ZipReader(file, allowsDeflate: true)
            for entry in archive.entries where entry.name.hasSuffix(".npy") {
                files.append((String(entry.name.dropLast(4)), [UInt8](try archive.contents(entry))))
            }
        } catch { throw Problem(description: "\(error)") }
        var tensors: [Tensor] = []
        for (name, content) in files { tensors.append(try tensor(name, content)) }
        return tensors.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }

    /// One `.npy` file: a magic, a version, the length of a header, the header as a Python
    /// dictionary, and the numbers.
    static func tensor(_ name: String, _ bytes: [UInt8]) throws(Problem) -> Tensor {
        guard bytes.count >= 12, bytes.starts(with: [0x93] + Array("NUMPY".utf8)) else {
            throw Problem(description: "\(name) is no .npy file")
        }
        let width = bytes[6] == 1 ? 2 : 4
        let length = bytes[8..<8 + width].reversed().reduce(0) { $0 << 8 | Int($1) }
        let start = 8 + width + length
        guard start <= bytes.count else {
            throw Problem(description: "the header of \(name) is longer than the file")
        }
        let header = String(decoding: bytes[8 + width..<start], as: UTF8.self)
        guard let kind = header.firstMatch(of: /'descr':\s*'([^']*)'/)?.1,
            let order = header.firstMatch(of: /'fortran_order':\s*(True|False)/)?.1,
            let sizes = header.firstMatch(of: /'shape':\s*\(([0-9, ]*)\)/)?.1
        else {
            throw Problem(description: "the header of \(name) is not read: \(header.prefix(80))")
        }
        guard let (dtype, size) = types[String(kind.dropFirst())] else {
            throw Problem(
                description:
                    "\(name) is of the type \(kind); expected numbers or truth values"
                    + (kind.hasSuffix("O") ? ", since objects are pickles" : ""))
        }
        let shape = sizes.split(separator: ",").compactMap {
            Int($0.trimmingCharacters(in: .whitespaces))
        }
        var count = 1
        for size in shape {
            let (product, overflow) = count.multipliedReportingOverflow(by: size)
            guard !overflow else { throw Problem(description: "the shape of \(name) is too large") }
            count = product
        }
        guard bytes.count - start == count * size else {
            throw Problem(
                description:
                    "\(name) has the shape \(shape) and \(bytes.count - start) bytes, which do not fit"
            )
        }
        var numbers = Array(bytes[start...])
        if kind.hasPrefix(">"), size > 1 {
            for at in stride(from: 0, to: numbers.count, by: size) {
                numbers[at..<at + size].reverse()
            }
        }
        if order == "True", shape.count > 1 { numbers = rowMajor(numbers, shape, size) }
        return Tensor(
            name: name, shape: shape, elements: SafeTensors.elements(dtype, numbers, count),
            dtype: dtype)
    }

    /// NumPy's types with their names in safetensors, and bytes of one number.
    private static let types: [String: (String, Int)] = [
        "f8": ("F64", 8), "f4": ("F32", 4), "f2": ("F16", 2), "i8": ("I64", 8), "i4": ("I32", 4),
        "i2": ("I16", 2), "i1": ("I8", 1), "u4": ("U32", 4), "u2": ("U16", 2), "u1": ("U8", 1),
        "b1": ("BOOL", 1),
    ]

    /// Numbers whose first index is the fastest, in the order of the last.
    private static func rowMajor(_ bytes: [UInt8], _ shape: [Int], _ size: Int) -> [UInt8] {
        var strides: [Int] = []
        var step = size
        for length in shape {
            strides.append(step)
            step *= length
        }
        var place = [Int](repeating: 0, count: shape.count)
        var all: [UInt8] = []
        all.reserveCapacity(bytes.count)
        while all.count < bytes.count {
            let at = zip(place, strides).reduce(0) { $0 + $1.0 * $1.1 }
            all += bytes[at..<at + size]
            var axis = shape.count - 1
            while axis >= 0 {
                place[axis] += 1
                if place[axis] < shape[axis] { break }
                place[axis] = 0
                axis -= 1
            }
        }
        return all
    }
}
