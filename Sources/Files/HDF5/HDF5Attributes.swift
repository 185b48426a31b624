import CHDF5

/// Attributes of a group or data set.
struct HDF5Attributes {
    let id: hid_t
    let path: String

    func write(_ name: String, _ text: String) throws {
        let type = try textType.get()
        try write(name, type) { attribute in
            try withCStrings([text]) { H5Awrite(attribute, type, $0) }
        }
    }

    func write(_ name: String, _ texts: [String]) throws {
        let type = try textType.get()
        var count = hsize_t(texts.count)
        try write(name, type, space: H5Screate_simple(1, &count, nil)) { attribute in
            try withCStrings(texts) { H5Awrite(attribute, type, $0) }
        }
    }

    func write(_ name: String, _ number: Int) throws {
        var number = Int64(number)
        try write(name, viseme_h5_int64()) { H5Awrite($0, viseme_h5_native_int64(), &number) }
    }

    func write(_ name: String, _ number: Double) throws {
        var number = number
        try write(name, viseme_h5_float64()) { H5Awrite($0, viseme_h5_native_float64(), &number) }
    }

    func text(_ name: String) throws -> String {
        let attribute = try check(
            H5Aopen(id, name, viseme_h5_default()), "read attribute \(name) of \(path)/")
        defer { H5Aclose(attribute) }
        let stored = try check(H5Aget_type(attribute), "read attribute \(name) of \(path)/")
        defer { H5Tclose(stored) }
        guard H5Tget_class(stored) == H5T_STRING, H5Tis_variable_str(stored) > 0 else {
            throw HDF5Error(action: "read attribute \(name) of \(path)/", reason: "it is not text")
        }
        try refuseLists(attribute, name)
        let type = try textType.get()
        var pointer: UnsafeMutablePointer<CChar>?
        try check(H5Aread(attribute, type, &pointer), "read attribute \(name) of \(path)/")
        defer { if let pointer { H5free_memory(pointer) } }
        return pointer.map { String(cString: $0) } ?? ""
    }

    func integer(_ name: String) throws -> Int {
        let attribute = try check(
            H5Aopen(id, name, viseme_h5_default()), "read attribute \(name) of \(path)/")
        defer { H5Aclose(attribute) }
        let stored = try check(H5Aget_type(attribute), "read attribute \(name) of \(path)/")
        defer { H5Tclose(stored) }
        guard H5Tget_class(stored) == H5T_INTEGER else {
            throw HDF5Error(
                action: "read attribute \(name) of \(path)/", reason: "it is no whole number")
        }
        try refuseLists(attribute, name)
        var number: Int64 = 0
        try check(
            H5Aread(attribute, viseme_h5_native_int64(), &number),
            "read attribute \(name) of \(path)/")
        return Int(number)
    }

    /// There is room for one value.
    private func refuseLists(_ attribute: hid_t, _ name: String) throws {
        let space = try check(H5Aget_space(attribute), "read attribute \(name) of \(path)/")
        defer { H5Sclose(space) }
        guard H5Sget_simple_extent_npoints(space) == 1 else {
            throw HDF5Error(
                action: "read attribute \(name) of \(path)/", reason: "it is not one value")
        }
    }

    private func write(
        _ name: String, _ type: hid_t, space: hid_t = H5Screate(H5S_SCALAR),
        _ body: (hid_t) throws -> herr_t
    ) throws {
        try check(space, "write attribute \(name) of \(path)/")
        defer { H5Sclose(space) }
        let attribute = try check(
            H5Acreate2(id, name, type, space, viseme_h5_default(), viseme_h5_default()),
            "write attribute \(name) of \(path)/")
        defer { H5Aclose(attribute) }
        try check(try body(attribute), "write attribute \(name) of \(path)/")
    }
}

/// UTF-8 of variable length.
let textType = Result {
    let type = try check(H5Tcopy(viseme_h5_c_string()), "make a text type")
    try check(H5Tset_size(type, viseme_h5_variable()), "make a text type")
    try check(H5Tset_cset(type, H5T_CSET_UTF8), "make a text type")
    return type
}

/// Calls `body` with an array of C strings.
func withCStrings<Result>(
    _ texts: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>) throws -> Result
) rethrows
    -> Result
{
    let bytes = texts.map { Array($0.utf8CString) }
    let flat = bytes.flatMap { $0 }
    return try flat.withUnsafeBufferPointer { buffer in
        var pointers: [UnsafePointer<CChar>?] = []
        var offset = 0
        for text in bytes {
            pointers.append(buffer.baseAddress.map { $0 + offset })
            offset += text.count
        }
        if pointers.isEmpty { pointers.append(nil) }
        return try pointers.withUnsafeBufferPointer { list in
            guard let base = list.baseAddress else {
                preconditionFailure("the list holds a pointer")
            }
            return try body(base)
        }
    }
}
