// Made by edgeship. All classes of a bundle that take pictures use this file; keep one copy of it.
import Foundation
#if canImport(CoreGraphics)
import CoreGraphics
#endif

/// A picture that is upright: row by row, the red, green and blue of each pixel together.
public struct Pixels {
    public let width: Int
    public let height: Int
    public let rgb: [UInt8]

    public init(width: Int, height: Int, rgb: [UInt8]) {
        precondition(width > 0 && height > 0 && rgb.count == 3 * width * height)
        self.width = width
        self.height = height
        self.rgb = rgb
    }

    #if canImport(CoreGraphics)
    /// Decodes an image; its numbers stay as they are, whatever its colour profile is.
    /// Of UIKit's images take `cgImage`, and turn it first as `imageOrientation` says.
    public init?(_ image: CGImage) {
        let (width, height) = (image.width, image.height)
        var space = CGColorSpace(name: CGColorSpace.sRGB)!
        if let own = image.colorSpace, own.model == .rgb, own.supportsOutput { space = own }
        var bytes = [UInt8](repeating: 0, count: 4 * width * height)
        let drawn = bytes.withUnsafeMutableBytes { memory -> Bool in
            let alpha = CGImageAlphaInfo.noneSkipLast.rawValue
            let context = CGContext(
                data: memory.baseAddress, width: width, height: height, bitsPerComponent: 8,
                bytesPerRow: 4 * width, space: space, bitmapInfo: alpha)
            context?.draw(image, in: CGRect(x: 0, y: 0, width: width, height: height))
            return context != nil
        }
        guard drawn else { return nil }
        var rgb: [UInt8] = []
        for at in stride(from: 0, to: bytes.count, by: 4) { rgb += bytes[at..<at + 3] }
        self.init(width: width, height: height, rgb: rgb)
    }
    #endif

    /// Resizes the picture so that it just covers a size at its own aspect ratio, and keeps the
    /// middle. The filter is bilinear and widens where it makes smaller, so that no pixel is
    /// skipped. Arithmetic and rounding are those of Pillow 13, whose pixels these are.
    ///
    /// - Parameters:
    ///   - channels: 3 for red, green and blue; 1 for luminance.
    ///   - crop: The fraction of the resized picture's shorter side that is kept.
    /// - Returns: Row by row, each pixel's channels together.
    func middle(height: Int, width: Int, channels: Int, crop: Double) -> [UInt8] {
        // Python's round: halves go to the even neighbour.
        var newHeight = Int((Double(height) / crop).rounded(.toNearestOrEven))
        var newWidth = Int((Double(width) / crop).rounded(.toNearestOrEven))
        if newHeight * self.width >= newWidth * self.height {
            newWidth = newHeight * self.width / self.height
        } else {
            newHeight = newWidth * self.height / self.width
        }
        let rows = Taps(from: self.height, to: newHeight, kept: height)
        let columns = Taps(from: self.width, to: newWidth, kept: width)
        let lost = self.height - newHeight
        let heightFirst = lost > 0 && lost > 2 * (self.width - newWidth)  // of tall pictures
        var squeezed: [Int: [UInt8]] = [:]
        var result: [UInt8] = []
        for y in 0..<height {
            let old = rows.first[y]..<rows.first[y] + rows.weights[y].count
            if heightFirst {
                let line = Pixels.blend(old.map { row($0, channels) }, rows.weights[y])
                result += Pixels.squeeze(line, columns, channels)
                continue
            }
            squeezed = squeezed.filter { $0.key >= old.lowerBound }
            let lines = old.map { place -> [UInt8] in
                let line = squeezed[place] ?? Pixels.squeeze(row(place, channels), columns, channels)
                squeezed[place] = line
                return line
            }
            result += Pixels.blend(lines, rows.weights[y])
        }
        return result
    }

    private static let bits = 22  // behind the point of a weight

    /// Which old pixels of a line count for each new one that is kept, and how much.
    private struct Taps {
        var first: [Int] = []
        var weights: [[Int]] = []

        init(from: Int, to: Int, kept: Int) {
            let scale = Double(from) / Double(to)
            let spread = max(scale, 1)
            let skipped = Int((Double(to - kept) / 2).rounded(.toNearestOrEven))
            for place in skipped..<skipped + kept {
                let center = (Double(place) + 0.5) * scale
                let begin = max(Int(center - spread + 0.5), 0)
                let end = min(Int(center + spread + 0.5), from)
                let triangle = (begin..<end).map { old -> Double in
                    let distance: Double = abs((Double(old) - center + 0.5) * (1 / spread))
                    return max(0, 1 - distance)
                }
                let sum: Double = triangle.reduce(0, +)
                first.append(begin)
                weights.append(triangle.map { (weight: Double) -> Int in
                    Int(0.5 + weight / sum * 4_194_304)  // 2 to the power of bits
                })
            }
        }
    }

    private func row(_ y: Int, _ channels: Int) -> [UInt8] {
        let start = 3 * width * y
        if channels == 3 { return Array(rgb[start..<start + 3 * width]) }
        var line: [UInt8] = []
        for at in stride(from: start, to: start + 3 * width, by: 3) {
            let red = Int(rgb[at]) * 19595
            let green = Int(rgb[at + 1]) * 38470
            let blue = Int(rgb[at + 2]) * 7471
            line.append(UInt8((red + green + blue + 0x8000) >> 16))  // ITU-R 601-2
        }
        return line
    }

    /// Returns a new row, made of those old ones that count for it.
    private static func blend(_ old: [[UInt8]], _ weights: [Int]) -> [UInt8] {
        var sums = [Int](repeating: 1 << (bits - 1), count: old[0].count)
        for (line, weight) in zip(old, weights) {
            for i in sums.indices { sums[i] += Int(line[i]) * weight }
        }
        return sums.map(pixel)
    }

    /// Returns a row with fewer or more pixels.
    private static func squeeze(_ row: [UInt8], _ columns: Taps, _ channels: Int) -> [UInt8] {
        var squeezed: [UInt8] = []
        for (first, weights) in zip(columns.first, columns.weights) {
            for channel in 0..<channels {
                var sum = 1 << (bits - 1)
                for (place, weight) in weights.enumerated() {
                    sum += Int(row[(first + place) * channels + channel]) * weight
                }
                squeezed.append(pixel(sum))
            }
        }
        return squeezed
    }

    private static func pixel(_ sum: Int) -> UInt8 { UInt8(max(0, min(255, sum >> bits))) }
}
