// Made by edgeship. All classes of a bundle that take pictures use this file; keep one copy of it.
package edgeship.bundle

import android.graphics.Bitmap
import kotlin.math.abs
import kotlin.math.max
import kotlin.math.min

/**
 * Resizes a picture so that it just covers a size at its own aspect ratio, and keeps the middle.
 *
 * The filter is bilinear and widens where it makes smaller, so that no pixel is skipped; Android's
 * own scaling skips. Arithmetic and rounding are those of Pillow 13, whose pixels these are.
 */
internal object CoverAndCrop {
    private const val BITS = 22 // behind the point of a weight

    /**
     * Returns the middle of a picture that is upright.
     *
     * @param channels 3 for red, green and blue; 1 for luminance
     * @param crop the fraction of the resized picture's shorter side that is kept
     * @return height x width x channels bytes, row by row, each pixel's channels together
     */
    fun pixels(picture: Bitmap, height: Int, width: Int, channels: Int, crop: Double): ByteArray {
        // Only copies of pictures in the GPU's memory can be read.
        val hardware = picture.config?.name == "HARDWARE"
        val bitmap = if (hardware) picture.copy(Bitmap.Config.ARGB_8888, false) else picture
        // Python's round, which rint is too: halves go to the even neighbour.
        var newHeight = Math.rint(height / crop).toLong()
        var newWidth = Math.rint(width / crop).toLong()
        if (newHeight * bitmap.width >= newWidth * bitmap.height) {
            newWidth = newHeight * bitmap.width / bitmap.height
        } else {
            newHeight = newWidth * bitmap.height / bitmap.width
        }
        val rows = Taps(bitmap.height, newHeight.toInt(), height)
        val columns = Taps(bitmap.width, newWidth.toInt(), width)
        val row = { y: Int -> row(bitmap, y, channels) }
        val lost = bitmap.height - newHeight
        val heightFirst = lost > 0 && lost > 2 * (bitmap.width - newWidth) // of tall pictures
        val squeezed = HashMap<Int, ByteArray>()
        val result = ByteArray(height * width * channels)
        for (y in 0 until height) {
            squeezed.keys.removeAll { it < rows.first[y] }
            val line = if (heightFirst) {
                squeeze(blend(rows, y, row), columns, channels)
            } else {
                blend(rows, y) { squeezed.getOrPut(it) { squeeze(row(it), columns, channels) } }
            }
            line.copyInto(result, y * line.size)
        }
        return result
    }

    /** Which old pixels of a line count for each new one that is kept, and how much. */
    private class Taps(from: Int, to: Int, kept: Int) {
        private val scale = from.toDouble() / to
        private val spread = max(scale, 1.0)
        private val skipped = Math.rint((to - kept) / 2.0).toInt()
        private val centers = DoubleArray(kept) { (it + skipped + 0.5) * scale }
        val first = IntArray(kept) { max((centers[it] - spread + 0.5).toInt(), 0) }
        val weights = Array(kept) { i ->
            val end = min((centers[i] + spread + 0.5).toInt(), from)
            val triangle = DoubleArray(end - first[i]) {
                max(0.0, 1 - abs((it + first[i] - centers[i] + 0.5) * (1.0 / spread)))
            }
            val sum = triangle.sum()
            IntArray(triangle.size) { (0.5 + triangle[it] / sum * (1 shl BITS)).toInt() }
        }
    }

    private fun row(bitmap: Bitmap, y: Int, channels: Int): ByteArray {
        val colors = IntArray(bitmap.width)
        bitmap.getPixels(colors, 0, bitmap.width, 0, y, bitmap.width, 1)
        if (channels == 3) {
            return ByteArray(3 * colors.size) { (colors[it / 3] shr 16 - 8 * (it % 3)).toByte() }
        }
        return ByteArray(colors.size) { i ->
            val (red, green, blue) = List(3) { colors[i] shr 16 - 8 * it and 255 }
            (red * 19595 + green * 38470 + blue * 7471 + 0x8000 shr 16).toByte() // ITU-R 601-2
        }
    }

    /** Returns a new row, made of those old ones that count for it. */
    private fun blend(rows: Taps, y: Int, row: (Int) -> ByteArray): ByteArray {
        val old = rows.weights[y].indices.map { row(rows.first[y] + it) }
        val sums = IntArray(old[0].size) { 1 shl BITS - 1 }
        for ((weight, one) in rows.weights[y].zip(old)) {
            for (i in sums.indices) sums[i] += (one[i].toInt() and 255) * weight
        }
        return ByteArray(sums.size) { pixel(sums[it]) }
    }

    /** Returns a row with fewer or more pixels. */
    private fun squeeze(row: ByteArray, columns: Taps, channels: Int): ByteArray {
        val squeezed = ByteArray(columns.first.size * channels)
        for (i in squeezed.indices) {
            var place = columns.first[i / channels] * channels + i % channels
            var sum = 1 shl BITS - 1
            for (weight in columns.weights[i / channels]) {
                sum += (row[place].toInt() and 255) * weight
                place += channels
            }
            squeezed[i] = pixel(sum)
        }
        return squeezed
    }

    private fun pixel(sum: Int) = (sum shr BITS).coerceIn(0, 255).toByte()
}
